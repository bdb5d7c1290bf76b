/**
 * Popularity: every user gets the items that the most training interactions name.
 *
 * @param item Item row of each training interaction.
 * @returns score of each item [items]: its number of interactions
 */
export function popularityScores(item: Int32Array, items: number): Float32Array {
  const scores = new Float32Array(items);
  for (const i of item) scores[i]!++;
  return scores;
}
