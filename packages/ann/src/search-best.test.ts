import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { searchBest } from './search-best.ts';
import { buildWith, clustered, neighbours } from './testing/reference.ts';

const dim = 8;
const vectors = clustered(5, 500, dim, 20);
const flat = () => buildWith('exact', vectors, dim, 'Flat', { seed: 1 });

describe('a search with several vectors an asker', () => {
  test('finds the rows of the greatest inner product with any of them, each once', async () => {
    await using index = await flat();
    // The second asker repeats one vector, as a user with a single interest does.
    const [a, b, c, d] = [0, 1, 2, 3].map((q) => clustered(6, 4, dim, 20).subarray(q * dim, (q + 1) * dim));
    const askers = [
      [a!, b!, c!],
      [d!, d!, d!],
    ];
    const k = 30;
    const { ids, scores } = await searchBest(index, Float32Array.from(askers.flat().flatMap((v) => [...v])), 3, k);
    askers.forEach((asked, at) => {
      const best = new Map<number, number>();
      for (const query of asked) {
        for (const { id, score } of neighbours(vectors, query, 500)) {
          best.set(id, Math.max(best.get(id) ?? -Infinity, score));
        }
      }
      const expected = [...best].sort(([i, x], [j, y]) => y - x || i - j).slice(0, k);
      assert.deepEqual(
        [...ids.subarray(at * k, (at + 1) * k)],
        expected.map(([id]) => id),
      );
      expected.forEach(([, score], i) => {
        assert.ok(Math.abs(scores[at * k + i]! - score) < 1e-6);
      });
    });
  });

  test('leaves places empty where all of them find too few', async () => {
    await using index = await buildWith('exact', vectors.subarray(0, 2 * dim), dim, 'Flat', { seed: 1 });
    const { ids, scores } = await searchBest(index, vectors.subarray(0, 2 * dim), 2, 4);
    assert.deepEqual(
      [...ids].map((id) => id >= 0),
      [true, true, false, false],
    );
    assert.ok(scores[2]! < -1e38);
  });
});
