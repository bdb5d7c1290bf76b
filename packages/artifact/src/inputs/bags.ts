import { noRow } from './entity.ts';

/**
 * For each of n examples, the rows of a table that are pooled for it: `row[start[i] … start[i+1])`, by their weights.
 */
export interface Bags {
  /** [n + 1] */
  start: Int32Array;
  row: Int32Array;
  weight: Float32Array;
}

/** One row an example, all weights 1. */
export const singleBags = (row: Int32Array): Bags => ({
  start: new Int32Array(row.length + 1).map((_, i) => i),
  row,
  weight: new Float32Array(row.length).fill(1),
});

/** The bags of the first `n` histories (item rows), each `times` over: every distinct item once, with weight 1. */
export function distinctBags(lists: ArrayLike<number>[], n: number, times: number): Bags {
  const start = new Int32Array(n * times + 1);
  const rows: number[] = [];
  for (let i = 0; i < n; i++) {
    const distinct = new Set(Array.from(lists[i]!));
    for (let k = 0; k < times; k++) {
      for (const item of distinct) rows.push(1 + item);
      start[i * times + k + 1] = rows.length;
    }
  }
  return { start, row: Int32Array.from(rows), weight: new Float32Array(rows.length).fill(1) };
}

/** The bags of the entities of some rows out of all: {@link noRow} gets row 0. */
export function selectBags(all: Bags, rows: ArrayLike<number>): Bags {
  const n = rows.length;
  const start = new Int32Array(n + 1);
  for (let i = 0; i < n; i++) {
    const entity = rows[i]!;
    start[i + 1] = start[i]! + (entity === noRow ? 1 : all.start[entity + 1]! - all.start[entity]!);
  }
  const row = new Int32Array(start[n]!);
  const weight = new Float32Array(start[n]!).fill(1);
  for (let i = 0; i < n; i++) {
    const entity = rows[i]!;
    if (entity === noRow) continue;
    let to = start[i]!;
    for (let from = all.start[entity]!; from < all.start[entity + 1]!; from++, to++) {
      row[to] = all.row[from]!;
      weight[to] = all.weight[from]!;
    }
  }
  return { start, row, weight };
}

/**
 * The bags of unpooled histories: `length` places a list, its last items first, each with its own bag of `all`; places
 * beyond its end have none.
 */
export function sequenceBags(all: Bags, lists: ArrayLike<number>[], length: number): Bags {
  const items = new Int32Array(lists.length * length).fill(noRow);
  const start = new Int32Array(items.length + 1);
  lists.forEach((list, i) => {
    for (let age = 0; age < Math.min(list.length, length); age++)
      items[i * length + age] = list[list.length - 1 - age]!;
  });
  items.forEach((item, at) => {
    start[at + 1] = start[at]! + (item === noRow ? 0 : all.start[item + 1]! - all.start[item]!);
  });
  const row = new Int32Array(start.at(-1)!);
  const weight = new Float32Array(row.length);
  items.forEach((item, at) => {
    if (item === noRow) return;
    row.set(all.row.subarray(all.start[item]!, all.start[item + 1]!), start[at]!);
    weight.set(all.weight.subarray(all.start[item]!, all.start[item + 1]!), start[at]!);
  });
  return { start, row, weight };
}

/**
 * The bags of histories: of each list of item rows, oldest first, the last `length`, an item weighing decay^(items
 * after it), weights summing to 1. An empty history gets row 0 of the item ids.
 */
export function historyBags(lists: ArrayLike<number>[], length: number, decay: number): Bags {
  const start = new Int32Array(lists.length + 1);
  const most = decay === 0 ? 1 : length;
  lists.forEach((list, i) => {
    start[i + 1] = start[i]! + Math.max(1, Math.min(list.length, most));
  });
  const row = new Int32Array(start[lists.length]!);
  const weight = new Float32Array(start[lists.length]!);
  lists.forEach((list, i) => {
    const n = Math.min(list.length, most);
    const total = decay === 1 ? n : (1 - decay ** n) / (1 - decay);
    if (n === 0) weight[start[i]!] = 1;
    for (let age = 0; age < n; age++) {
      row[start[i]! + age] = list[list.length - 1 - age]! + 1;
      weight[start[i]! + age] = decay ** age / total;
    }
  });
  return { start, row, weight };
}
