import { setImmediate } from 'node:timers/promises';

/** Work between two turns of the event loop, in ms. */
const turnMs = 3;

/** Turns of the event loop for whoever else waits, in long work: `if (turns.due) await turns.next();`. */
export class Turns {
  #began = performance.now();

  /** Whether this turn has lasted long enough. */
  get due(): boolean {
    return performance.now() - this.#began >= turnMs;
  }

  /** Lets the others have theirs. */
  async next(): Promise<void> {
    await setImmediate();
    this.#began = performance.now();
  }
}

/**
 * Does the work of `count` steps in slices, between which whoever else waits gets a turn every few milliseconds:
 * opening a model of a million items must not hold up the requests that are answered meanwhile.
 *
 * @param work does the steps `from` to before `to`, `size` at most at a time
 */
export async function inSlices(
  count: number,
  work: (from: number, to: number) => void,
  { size = 500 } = {},
): Promise<void> {
  const turns = new Turns();
  for (let from = 0; from < count; from += size) {
    work(from, Math.min(count, from + size));
    if (turns.due) await turns.next();
  }
}
