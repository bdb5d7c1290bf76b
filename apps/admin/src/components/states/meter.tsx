/** A share drawn as a bar beside its number; decoration only, the number says it. */
export function Meter({ share, color = 'var(--muted)' }: { share: number; color?: string }) {
  return (
    <span aria-hidden="true" className="inline-block h-1.5 w-20 overflow-hidden rounded-full bg-line align-middle">
      <span
        className="block h-full rounded-full"
        style={{ width: `${Math.min(100, Math.max(0, share * 100))}%`, background: color }}
      />
    </span>
  );
}
