const show = (value: unknown): string =>
  value === null || value === undefined || value === ''
    ? '–'
    : typeof value === 'object'
      ? JSON.stringify(value)
      : String(value);

/** Stored settings in the order of their names, nested ones flattened to `outer.inner`. */
export function Parameters({ of }: { of: unknown }) {
  const flat = Object.entries((of ?? {}) as Record<string, unknown>).flatMap(([key, value]): [string, unknown][] =>
    value !== null && typeof value === 'object' && !Array.isArray(value)
      ? Object.entries(value).map(([inner, nested]) => [`${key}.${inner}`, nested])
      : [[key, value]],
  );
  flat.sort(([a], [b]) => a.localeCompare(b));
  if (flat.length === 0) return <p className="text-muted">None.</p>;
  return (
    <dl className="grid gap-x-8 sm:grid-cols-2 xl:grid-cols-3">
      {flat.map(([key, value]) => (
        <div key={key} className="flex justify-between gap-4 border-b border-line py-1.5">
          <dt className="font-mono text-sm text-muted">{key}</dt>
          <dd className="min-w-0 text-right font-mono text-sm [overflow-wrap:anywhere]">{show(value)}</dd>
        </div>
      ))}
    </dl>
  );
}
