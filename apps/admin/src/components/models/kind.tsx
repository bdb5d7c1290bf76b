import { modelKinds } from '@duet/models';

/** A kind of model by its title, with the colour that it has in every chart. */
export function Kind({ kind }: { kind: string }) {
  const known = modelKinds.find((candidate) => candidate.kind === kind);
  return (
    <span className="inline-flex items-center gap-2 whitespace-nowrap" title={known?.summary}>
      <span
        aria-hidden="true"
        className="size-2.5 shrink-0 rounded-full"
        style={{ background: `var(--${known?.kind ?? 'faint'}, var(--faint))` }}
      />
      {known?.title ?? kind}
    </span>
  );
}
