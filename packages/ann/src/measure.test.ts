import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exactNeighbours, measureIndex } from './measure.ts';
import { buildWith, clustered, isAllowed, neighbours, skipWithout } from './testing/reference.ts';
import type { VectorIndex } from './vector-index.ts';

const dim = 32;
const n = 25_000;
const vectors = clustered(2, n, dim, 200);
const queries = clustered(3, 60, dim, 200);
/** Queries that the tuning has not seen. */
const others = clustered(4, 25, dim, 200);

/** Measured against an exact scan, tuned to recall 0.99. */
async function measure(index: VectorIndex, over: Float32Array) {
  await using flat = await buildWith('exact', over, dim, 'Flat', { seed: 0 });
  return await measureIndex(index, queries, await exactNeighbours(flat, queries), 0.99);
}

test(
  'an IVF index is tuned to recall 0.99, which queries it was not tuned on find too',
  skipWithout('faiss'),
  async () => {
    await using index = await buildWith('faiss', vectors, dim, 'IVF128,Flat', { seed: 1 });
    const measured = await measure(index, vectors);
    assert.ok(measured.recallAt100 >= 0.99 && measured.nprobe! < 128, JSON.stringify(measured));
    assert.equal(index.nprobe, measured.nprobe);
    const chosen = measured.curve.find(({ nprobe }) => nprobe === measured.nprobe)!;
    assert.equal(chosen.recall, measured.recallAt100);
    for (const [i, point] of measured.curve.entries()) {
      assert.ok(
        i === 0 || (point.nprobe! > measured.curve[i - 1]!.nprobe! && point.recall >= measured.curve[i - 1]!.recall),
      );
      assert.ok(point.nprobe! >= chosen.nprobe! || point.recall < 0.99);
      assert.ok(point.p50Us > 0 && point.p99Us >= point.p50Us);
    }

    /** Share of brute force's 100 that a search finds. */
    const recall = async (allowed?: Uint8Array) => {
      let found = 0;
      let all = 0;
      for (let q = 0; q < 25; q++) {
        const query = others.subarray(q * dim, (q + 1) * dim);
        const nearest = new Set(neighbours(vectors, query, 100, allowed).map(({ id }) => id));
        const { ids } = await index.search(query, 100, { allowed });
        found += ids.filter((id) => nearest.has(id)).length;
        all += nearest.size;
      }
      return found / all;
    };
    assert.ok((await recall()) > 0.97);
    // One row in 64: nprobe as it stands would look at a handful of allowed rows.
    const few = Uint8Array.from({ length: Math.ceil(n / 8) }, (_, i) => (i % 8 === 0 ? 1 : 0));
    assert.ok(isAllowed(few, 0) && !isAllowed(few, 8) && isAllowed(few, 64));
    assert.ok((await recall(few)) > 0.97);
  },
);

test('vectors of any length, as of a factorisation, are tuned to the same recall', skipWithout('faiss'), async () => {
  // Popular items have long vectors: here the lengths spread log-normally, over about two powers of ten.
  const lengths = Float64Array.from({ length: n }, (_, row) =>
    Math.exp(1.2 * Math.sqrt(-2 * Math.log((row + 0.5) / n)) * Math.cos(row)),
  );
  const long = vectors.map((x, at) => x * lengths[Math.floor(at / dim)]!);
  await using index = await buildWith('faiss', long, dim, 'IVF128,Flat', { seed: 1 });
  const measured = await measure(index, long);
  assert.ok(measured.recallAt100 >= 0.99, JSON.stringify(measured));
  let found = 0;
  for (let q = 0; q < 25; q++) {
    const query = others.subarray(q * dim, (q + 1) * dim);
    const nearest = new Set(neighbours(long, query, 100).map(({ id }) => id));
    found += (await index.search(query, 100)).ids.filter((id) => nearest.has(id)).length;
  }
  assert.ok(found / 2500 > 0.97, `${found / 2500}`);
});

test('a Flat index has recall 1 and nothing to tune', skipWithout('faiss'), async () => {
  const few = vectors.subarray(0, 3_000 * dim);
  await using index = await buildWith('faiss', few, dim, 'Flat', { seed: 1 });
  const measured = await measure(index, few);
  assert.deepEqual([measured.recallAt100, measured.nprobe, measured.curve.length], [1, undefined, 1]);
  assert.equal(measured.curve[0]!.nprobe, null);
});

test('an index smaller than 100 is measured on all it has', async () => {
  const few = vectors.subarray(0, 7 * dim);
  await using index = await buildWith('exact', few, dim, 'Flat', { seed: 1 });
  assert.equal((await measure(index, few)).recallAt100, 1);
});
