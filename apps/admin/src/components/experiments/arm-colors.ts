const byPlace = ['var(--muted)', 'var(--dat)', 'var(--two-tower)', 'var(--ease)', 'var(--violet)', 'var(--ials)'];

/** Each arm's colour: its model's, or one by its place where two arms serve models of one kind. */
export function armColors(arms: readonly { id: string; modelId: string }[], kinds: Map<string, string>) {
  const of = arms.map(({ modelId }) => kinds.get(modelId));
  const distinct = new Set(of).size === arms.length;
  return new Map(
    arms.map(({ id }, place) => [
      id,
      distinct && of[place] ? `var(--${of[place]}, var(--muted))` : byPlace[place % byPlace.length]!,
    ]),
  );
}
