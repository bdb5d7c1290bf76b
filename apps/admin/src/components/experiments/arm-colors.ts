const byPlace = ['var(--muted)', 'var(--dat)', 'var(--two-tower)', 'var(--ease)', 'var(--violet)', 'var(--ials)'];

/**
 * Each arm's colour: its model's, by the kind of each arm's model, or one by its place where two arms serve models of
 * one kind.
 */
export function armColors(arms: readonly { id: string }[], kinds: ReadonlyMap<string, string>) {
  const of = arms.map(({ id }) => kinds.get(id));
  const distinct = new Set(of).size === arms.length;
  return new Map(
    arms.map(({ id }, place) => [
      id,
      distinct && of[place] ? `var(--${of[place]}, var(--muted))` : byPlace[place % byPlace.length]!,
    ]),
  );
}
