import { Kind } from './kind.tsx';

/** A model by its kind and, where it says more, its name. */
export function ModelName({ kind, name }: { kind: string; name: string }) {
  return (
    <span className="inline-flex flex-wrap items-center gap-x-3">
      <Kind kind={kind} />
      {name !== kind && <span className="font-normal text-muted">{name}</span>}
    </span>
  );
}
