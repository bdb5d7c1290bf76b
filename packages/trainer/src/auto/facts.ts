import type { Interactions } from '@duet/datasets';

/** What the rules of the preset `auto` look at, of some rows of a dataset. */
export interface Facts {
  /** With a row each. */
  users: number;
  items: number;
  interactions: number;
  /** Median of a user's distinct items. */
  itemsPerUser: number;
  /** Share of all pairs of a user's rows of which one is later than the other: what order there is to learn from. */
  ordered: number;
  /** Share of rows whose item the user had before. */
  repeats: number;
  /** Whether it is queries that want items: they have no history. */
  queries: boolean;
  /** Whether rows have a time of day, so that what sold lately can be told from what sold once. */
  dated: boolean;
}

const median = (values: number[]): number => values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

/** @param rows Rows of the interactions, each user's together and in order of time. */
export function factsOf(x: Interactions, rows: Int32Array): Facts {
  const items = new Set<number>();
  const distinct: number[] = [];
  let [pairs, together, repeats] = [0, 0, 0];
  for (let from = 0, to = 0; from < rows.length; from = to) {
    const userItems = new Set<number>();
    let moment = from;
    for (to = from; to < rows.length && x.user[rows[to]!] === x.user[rows[from]!]; to++) {
      const item = x.item[rows[to]!]!;
      if (userItems.has(item)) repeats += 1;
      userItems.add(item);
      items.add(item);
      if (x.time[rows[to]!] !== x.time[rows[moment]!]) moment = to;
      pairs += to - from;
      together += to - moment;
    }
    distinct.push(userItems.size);
  }
  return {
    users: distinct.length,
    items: items.size,
    interactions: rows.length,
    itemsPerUser: median(distinct),
    ordered: x.clock === 'file' || pairs === 0 ? 0 : 1 - together / pairs,
    repeats: rows.length === 0 ? 0 : repeats / rows.length,
    queries: x.sides?.left === 'query',
    dated: (x.clock ?? 'time') === 'time',
  };
}
