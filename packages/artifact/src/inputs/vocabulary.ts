/** The table row of each term of a vocabulary. */
export const rowsOf = (vocabulary: readonly string[]): ReadonlyMap<string, number> =>
  new Map(vocabulary.map((term, i) => [term, i + 1]));
