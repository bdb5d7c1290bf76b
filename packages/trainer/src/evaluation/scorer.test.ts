import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openOnnx } from '@duet/models';
import { seededRng } from '@duet/random';
import { usersPerBlock, vectorScorer } from './scorer.ts';

for (const vectorsPerUser of [1, 3]) {
  test(`the score is the largest of ${vectorsPerUser} inner products, in blocks as one by one`, async () => {
    const [users, items, dims] = [300, 50, 8];
    const rng = seededRng(1);
    const random = (n: number) => Float32Array.from({ length: n }, () => rng() - 0.5);
    const [u, v] = [random(users * vectorsPerUser * dims), random(items * dims)];
    const perUser = vectorsPerUser * dims;
    const evaluations = Array.from({ length: users }, (_, user) => ({
      user,
      targets: new Int32Array(),
      seen: new Int32Array(),
    }));
    await using score = await vectorScorer(await openOnnx(1), {
      encode: async (block) =>
        Float32Array.from(block.flatMap(({ user }) => [...u.subarray(user * perUser, (user + 1) * perUser)])),
      items: v,
      dims,
      vectorsPerUser,
    });
    assert.ok(users > usersPerBlock(items), 'so the last block is not full');
    const scores = new Float32Array(users * items);
    await score(evaluations, scores);
    for (let user = 0; user < users; user++) {
      for (let item = 0; item < items; item++) {
        let best = -Infinity;
        for (let k = 0; k < vectorsPerUser; k++) {
          let dot = 0;
          for (let d = 0; d < dims; d++) dot += u[(user * vectorsPerUser + k) * dims + d]! * v[item * dims + d]!;
          best = Math.max(best, dot);
        }
        assert.ok(Math.abs(scores[user * items + item]! - best) < 1e-5);
      }
    }
  });
}
