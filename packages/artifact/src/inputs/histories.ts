import type { Interactions } from '@duet/datasets';

/** Each user's items in the training part of a split, oldest first, as ranges of one array. */
export interface Histories {
  /** [users + 1] */
  start: Int32Array;
  /** Item rows. */
  item: Int32Array;
}

/** @param train rows of the interactions, which are in the order of user and time */
export function userHistories(x: Interactions, train: Int32Array): Histories {
  const rows = train.toSorted();
  const start = new Int32Array(x.users.length + 1);
  for (const row of rows) start[x.user[row]! + 1]!++;
  for (let u = 0; u < x.users.length; u++) start[u + 1]! += start[u]!;
  return { start, item: rows.map((row) => x.item[row]!) };
}

/** One user's items, oldest first, with repeats. */
export const historyOf = ({ start, item }: Histories, user: number): Int32Array =>
  item.subarray(start[user]!, start[user + 1]!);

/** Each user's distinct items: what item-kNN and popularity count by. */
export const distinctItems = (histories: Histories): Int32Array[] =>
  Array.from({ length: histories.start.length - 1 }, (_, user) => Int32Array.from(new Set(historyOf(histories, user))));
