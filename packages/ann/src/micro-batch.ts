import type { Neighbours } from './vector-index.ts';

/** Single queries of one kind that wait for their call. */
interface Waiting {
  query: Float32Array;
  resolve: (found: Neighbours) => void;
  reject: (reason: unknown) => void;
}

/** Of one call: more would keep the first of them waiting for a millisecond or so. */
const maxBatch = 32;

/**
 * Lets single queries share calls: those of one turn of the event loop, and those that come while as many calls as
 * there are lanes are running. A query that is alone goes at once, so nobody waits for a batch to fill.
 *
 * @param call one search of several queries [n, dim]
 */
export function createMicroBatcher(
  call: (queries: Float32Array, k: number) => Promise<Neighbours>,
  { dim, k, lanes }: { dim: number; k: number; lanes: number },
): (query: Float32Array) => Promise<Neighbours> {
  let waiting: Waiting[] = [];
  let running = 0;
  let scheduled = false;

  const start = (batch: Waiting[]): void => {
    running++;
    const queries = new Float32Array(batch.length * dim);
    for (const [i, { query }] of batch.entries()) queries.set(query, i * dim);
    call(queries, k)
      .then(
        ({ ids, scores }) => {
          for (const [i, { resolve }] of batch.entries()) {
            resolve({ ids: ids.slice(i * k, (i + 1) * k), scores: scores.slice(i * k, (i + 1) * k) });
          }
        },
        (reason) => {
          for (const { reject } of batch) reject(reason);
        },
      )
      .finally(() => {
        running--;
        startAll();
      });
  };

  const startAll = (): void => {
    scheduled = false;
    while (running < lanes && waiting.length > 0) {
      // What waits is spread over the lanes that are free.
      const size = Math.min(maxBatch, Math.ceil(waiting.length / (lanes - running)));
      const batch = waiting.slice(0, size);
      waiting = waiting.slice(size);
      start(batch);
    }
  };

  return (query) =>
    new Promise((resolve, reject) => {
      // What the caller does to its array while the query waits must not change the answer.
      waiting.push({ query: query.slice(), resolve, reject });
      if (scheduled) return;
      scheduled = true;
      queueMicrotask(startAll);
    });
}
