import { hideReverses, type Interactions, lastOf, type Split, situationOf } from '@duet/datasets';

/**
 * Takes a sample of users' last baskets out of the training rows, to watch training by: their items that are new to
 * the user are the targets. Users need five rows before the basket; where all of a user's rows are of one moment, or
 * the rows have no order, it is one row of six.
 *
 * @param options.limit users at most, spread evenly over all; at most a tenth of them
 */
export function holdOutBaskets(
  x: Interactions,
  train: Int32Array,
  { limit = 1000, ordered = true } = {},
): { train: Int32Array; validation: Split } {
  const rows = train.toSorted();
  const ranges: { from: number; to: number; basket: number }[] = [];
  for (let from = 0; from < rows.length; ) {
    let to = from;
    while (to < rows.length && x.user[rows[to]!] === x.user[rows[from]!]) to++;
    let basket = to;
    while (basket > from && x.time[rows[basket - 1]!] === x.time[rows[to - 1]!]) basket--;
    if ((basket === from || !ordered) && to - from > 5) {
      const last = lastOf(x, rows, from, to, ordered);
      // The user's rows have no order: the drawn one may as well be the last.
      const drawn = rows[last]!;
      rows.copyWithin(last, last + 1, to);
      rows[to - 1] = drawn;
      basket = to - 1;
    }
    if (basket - from >= 5) ranges.push({ from, to, basket });
    from = to;
  }
  const stride = Math.max(10, Math.ceil(ranges.length / limit));
  const held = new Uint8Array(rows.length);
  const evaluations: Split['evaluations'] = [];
  ranges.forEach(({ from, to, basket }, place) => {
    if (place % stride !== 0) return;
    const had = Array.from(rows.subarray(from, basket), (row) => x.item[row]!);
    // The same query wants the same item again.
    const seen = new Set(x.sides?.left === 'query' ? [] : had);
    const bought = Array.from(rows.subarray(basket, to), (row) => x.item[row]!);
    const targets = new Set(bought.filter((item) => !seen.has(item)));
    if (targets.size === 0) return;
    held.fill(1, basket, to);
    evaluations.push({
      user: x.user[rows[from]!]!,
      targets: Int32Array.from(targets),
      seen: Int32Array.from(seen),
      situation: situationOf(x, rows[basket]!),
    });
  });
  hideReverses(x, rows, held);
  return {
    train: rows.filter((_, at) => held[at] === 0).sort(),
    validation: { name: 'validation', train: rows, evaluations },
  };
}
