import { scorer } from './scorer-model.ts';

/**
 * Popularity: every user gets the items that the most users took. A user who buys an item every week counts once, so
 * that one wholesaler does not make a best seller.
 *
 * @param lists Each user's distinct items.
 * @returns score of each item [items]: its number of users
 */
export function popularityScores(lists: readonly Int32Array[], items: number): Float32Array {
  const scores = new Float32Array(items);
  for (const list of lists) for (const i of list) scores[i]!++;
  return scores;
}

export const popularity = scorer({
  kind: 'popularity',
  title: 'Popularity',
  summary: 'The same best sellers for everybody: what any model has to beat.',
  settings: {},
  fit({ lists, items }) {
    const users = popularityScores(lists, items);
    return (_, scores) => scores.set(users);
  },
});
