import { asEntities, type Entities, type Histories, hideUntrained, shared, userHistories } from '@duet/artifact/inputs';
import type { Interactions } from '@duet/datasets';
import type { TrainingSettings } from '@duet/models';

/** What a model learns from: (user, item) pairs that happened, each with what came before it. */
export interface Positives {
  /** [n] user and item row of each positive. */
  user: Int32Array;
  item: Int32Array;
  /** [n] row of each positive among the interactions. */
  row: Int32Array;
  /** [n] end, exclusive, of the positive's history among the user's items in `histories`. */
  historyEnd: Int32Array;
  histories: Histories;
  /** [items] training interactions of each item. */
  itemCount: Int32Array;
  /** Whether histories include their positive, which is then to be left out. */
  leaveOut: boolean;
}

/**
 * The history of positives of one moment, oldest first; where they have to be taken out of it, no more than the last
 * `length`.
 */
export function historyOfPositives(positives: Positives, chosen: Int32Array, length: number): Int32Array {
  const { user, item, historyEnd, histories, leaveOut } = positives;
  const start = histories.start[user[chosen[0]!]!]!;
  const end = historyEnd[chosen[0]!]!;
  if (!leaveOut) return histories.item.subarray(start, end);
  const targets = new Set(Array.from(chosen, (positive) => item[positive]!));
  return histories.item
    .subarray(Math.max(start, end - length - targets.size), end)
    .filter((other) => !targets.has(other));
}

/**
 * Positives of the training rows: each user's first interaction with each item (every one with `repeats`), with the
 * items that came before it, and with `historyBasket` the others of its moment: all of the user's where the data know
 * no order. Without an order, as where what is held out was drawn at random, they come with all the user's other items:
 * so they do when the model is asked. Else nothing later than the positive is ever in its history.
 */
export function collectPositives(
  x: Interactions,
  train: Int32Array,
  settings: Pick<TrainingSettings, 'repeats' | 'historyBasket'>,
  ordered = true,
): Positives {
  const rows = train.toSorted();
  const histories = userHistories(x, rows);
  const itemCount = new Int32Array(x.items.length);
  for (const item of histories.item) itemCount[item]!++;

  const places = new Int32Array(rows.length);
  const ends = new Int32Array(rows.length);
  let count = 0;
  /** 1 + the last user who had the item. */
  const knownTo = new Int32Array(x.items.length);
  for (let u = 0; u < x.users.length; u++) {
    const end = histories.start[u + 1]!;
    let moment = { from: histories.start[u]!, to: histories.start[u]! };
    for (let at = histories.start[u]!; at < end; at++) {
      if (at === moment.to) {
        moment = { from: at, to: at + 1 };
        while (moment.to < end && x.time[rows[moment.to]!] === x.time[rows[at]!]) moment.to++;
      }
      const item = histories.item[at]!;
      if (!settings.repeats && knownTo[item] === u + 1) continue;
      knownTo[item] = u + 1;
      places[count] = at;
      ends[count++] = !ordered ? end : settings.historyBasket ? moment.to : moment.from;
    }
  }
  const positives = places.subarray(0, count);
  return {
    user: shared(positives.map((at) => x.user[rows[at]!]!)),
    item: shared(positives.map((at) => histories.item[at]!)),
    row: shared(positives.map((at) => rows[at]!)),
    historyEnd: shared(ends.subarray(0, count)),
    histories: { start: shared(histories.start), item: shared(histories.item) },
    itemCount: shared(itemCount),
    leaveOut: settings.historyBasket || !ordered,
  };
}

/** Positives of each item [items]. */
export function countPositives({ item, itemCount }: Positives): Int32Array {
  const count = new Int32Array(itemCount.length);
  for (const one of item) count[one]!++;
  return count;
}

/** Every item, as {@link gather} takes them. */
export const allItems = ({ itemCount }: Positives): Entities =>
  hideUntrained(asEntities(Int32Array.from(itemCount.keys())), (item) => itemCount[item]! > 0);
