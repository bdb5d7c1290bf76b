/**
 * One query at a time through every engine that works here, k = 100, as a caller sees it:
 *   node packages/ann/bench/ann-engines.ts
 */
import { openEngine } from '../src/engines.ts';
import { parseFactory } from '../src/factory.ts';
import { exactNeighbours, measureIndex } from '../src/measure.ts';
import { buildWith, clustered, enginesHere } from '../src/testing/reference.ts';

const dim = 32;
const queries = clustered(3, 200, dim, 300);
for (const [n, factories] of [
  [3_656, ['Flat']],
  [100_000, ['Flat', 'IVF256,Flat']],
] as const) {
  const vectors = clustered(2, n, dim, 300);
  await using flat = await buildWith('exact', vectors, dim, 'Flat', { seed: 1 });
  const exact = await exactNeighbours(flat, queries);
  for (const factory of factories) {
    for (const name of enginesHere) {
      if (!openEngine(name).builds(parseFactory(factory))) continue;
      const began = performance.now();
      await using index = await buildWith(name, vectors, dim, factory, { seed: 1 });
      const buildMs = Math.round(performance.now() - began);
      const { curve: _, ...measured } = await measureIndex(index, queries, exact, 0.99);
      process.stdout.write(`${JSON.stringify({ n, dim, factory, engine: name, buildMs, ...measured })}\n`);
    }
  }
}
