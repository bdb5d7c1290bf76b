import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildWith, clustered, skipWithout } from './testing/reference.ts';

const dim = 16;
const n = 250_000;
const k = 100;
const seed = 2;

test(
  'filtered recall@100 is at least 0.95 at 50, 10, 1 and 0.1 % allowed, at random and far away',
  skipWithout('faiss'),
  async () => {
    const vectors = clustered(seed, n, dim, 400);
    const queries = clustered(3, 20, dim, 400);
    await using exact = await buildWith('faiss', vectors, dim, 'Flat');
    await using index = await buildWith('faiss', vectors, dim, 'IVF512,Flat');
    // Without a filter 16 of 512 lists find enough.
    index.setNprobe(16);
    const recall = async (allowed?: Uint8Array) => {
      const nearest = await exact.search(queries, k, { allowed });
      const found = await index.search(queries, k, { allowed });
      let hits = 0;
      for (let q = 0; q < 20; q++) {
        const these = new Set(nearest.ids.subarray(q * k, (q + 1) * k));
        hits += found.ids.subarray(q * k, (q + 1) * k).filter((id) => these.has(id)).length;
      }
      return hits / found.ids.length;
    };
    assert.ok((await recall()) >= 0.95, `${await recall()} without a filter`);

    // Far away: the vectors most unlike the first query, as items of a category that a user never looks at.
    const first = Array.from({ length: n }, (_, row) => {
      let score = 0;
      for (let i = 0; i < dim; i++) score += vectors[row * dim + i]! * queries[i]!;
      return score;
    });
    const byScore = Int32Array.from({ length: n }, (_, row) => row).sort((a, b) => first[a]! - first[b]!);
    const random = Int32Array.from({ length: n }, (_, row) => row).sort((a, b) => ((a * 7919) % n) - ((b * 7919) % n));
    for (const allowedShare of [0.5, 0.1, 0.01, 0.001]) {
      for (const [kind, order] of Object.entries({ random, 'far away': byScore })) {
        const allowed = new Uint8Array(Math.ceil(n / 8));
        for (const row of order.subarray(0, allowedShare * n)) allowed[row >> 3]! |= 1 << (row & 7);
        const reached = await recall(allowed);
        assert.ok(reached >= 0.95, `${reached} with ${100 * allowedShare} % allowed, ${kind}`);
      }
    }
  },
);
