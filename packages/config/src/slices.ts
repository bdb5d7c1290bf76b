import { setImmediate } from 'node:timers/promises';

/**
 * Does the work of `count` steps in slices, between which whoever else waits gets a turn: opening a model of a million items must
 * not hold up the requests that are answered meanwhile.
 *
 * @param work does the steps `from` to before `to`
 */
export async function inSlices(
  count: number,
  work: (from: number, to: number) => void,
  { size = 10_000 } = {},
): Promise<void> {
  for (let from = 0; from < count; from += size) {
    work(from, Math.min(count, from + size));
    if (from + size < count) await setImmediate();
  }
}
