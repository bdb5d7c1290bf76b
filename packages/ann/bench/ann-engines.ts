/**
 * One query at a time through every engine that works here, k = 100, as a caller sees it:
 *   node packages/ann/bench/ann-engines.ts
 */
import { openEngine } from '../src/engines.ts';
import { parseFactory } from '../src/factory.ts';
import { exactNeighbours, measureIndex } from '../src/measure.ts';
import { clustered, enginesHere } from '../src/testing/reference.ts';

const dim = 32;
const queries = clustered(3, 200, dim, 300);
for (const [n, factories] of [
  [3_656, ['Flat']],
  [100_000, ['Flat', 'IVF256,Flat']],
] as const) {
  const vectors = clustered(2, n, dim, 300);
  await using flat = await openEngine('exact').build(vectors, dim, parseFactory('Flat'), 1);
  const exact = await exactNeighbours(flat, queries);
  for (const factory of factories) {
    for (const name of enginesHere) {
      const engine = openEngine(name);
      if (factory !== 'Flat' && !engine.approximate) continue;
      const began = performance.now();
      await using index = await engine.build(vectors, dim, parseFactory(factory), 1);
      const buildMs = Math.round(performance.now() - began);
      const { curve: _, ...measured } = await measureIndex(index, queries, exact, 0.99);
      process.stdout.write(`${JSON.stringify({ n, dim, factory, engine: name, buildMs, ...measured })}\n`);
    }
  }
}
