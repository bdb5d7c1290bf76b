import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { EncodeRequest } from '@duet/artifact';
import type { DuetError } from '@duet/base';
import type { Situation } from '@duet/datasets';
import { createUserVectors } from './user-vectors.ts';

/** A tower whose vector of user "u7" is [7, 7]; ids that begin with x are strangers. */
function tower() {
  const calls: string[][] = [];
  const encode = async (askers: readonly EncodeRequest[]) => {
    const userIds = askers.map(({ id }) => id);
    calls.push(userIds);
    const numbers = userIds.map((id) => Number(id.slice(1)));
    const known = userIds.map((id) => id.startsWith('u'));
    return { vectors: Float32Array.from(numbers.flatMap((n) => [n, n])), known };
  };
  return { calls, encode };
}

describe('user vectors', () => {
  test('of requests that come together are computed in one call, each for its own user', async () => {
    const { calls, encode } = tower();
    const vectorOf = createUserVectors(encode, 2);
    const ids = Array.from({ length: 300 }, (_, i) => `u${i % 280}`);
    const answers = await Promise.all(ids.map((id) => vectorOf({ id }, 0)));
    answers.forEach(({ vectors }, i) => {
      assert.deepEqual([...vectors], [i % 280, i % 280]);
    });
    assert.deepEqual(
      calls.map((call) => call.length),
      [256, 24],
    );
  });

  test('are remembered for the last known users only, never for strangers', async () => {
    const { calls, encode } = tower();
    const count = { hits: 0, misses: 0 };
    const vectorOf = createUserVectors(encode, 2, { capacity: 2, count });
    for (const id of ['u1', 'u2', 'u1', 'u3', 'u1', 'u2', 'x9', 'x9']) {
      const { known, vectors } = await vectorOf({ id }, 0);
      assert.equal(known, id !== 'x9');
      assert.equal(vectors[0], Number(id.slice(1)));
    }
    assert.deepEqual(calls.flat(), ['u1', 'u2', 'u3', 'u2', 'x9', 'x9']);
    assert.deepEqual(count, { hits: 2, misses: 6 });
  });

  test('are apart for situations that the model tells apart, and shared by the others', async () => {
    const { calls, encode } = tower();
    const situationKey = ({ values }: Situation) => values?.device ?? '';
    const vectorOf = createUserVectors(encode, 2, { situationKey });
    for (const device of ['phone', 'desk', 'phone'])
      await vectorOf({ id: 'u1', situation: { time: 1, values: { device } } }, 0);
    await vectorOf({ id: 'u1', situation: { time: 2, values: { device: 'desk', page: 'home' } } }, 0);
    assert.deepEqual(calls, [['u1'], ['u1']]);
  });

  test('are computed anew for another version of what is known, and each time for what a request says', async () => {
    const { calls, encode } = tower();
    const vectorOf = createUserVectors(encode, 2);
    for (const version of [0, 0, 1, undefined, undefined, 1]) await vectorOf({ id: 'u1' }, version);
    await Promise.all([vectorOf({ id: 'u1' }), vectorOf({ id: 'u1', history: ['i1'] })]);
    assert.deepEqual(calls, [['u1'], ['u1'], ['u1'], ['u1'], ['u1', 'u1']]);
  });

  test('fail together with their call, and are tried anew by the next request', async () => {
    let broken = true;
    const { encode } = tower();
    const vectorOf = createUserVectors((ids) => (broken ? Promise.reject(new Error('no memory')) : encode(ids)), 2);
    await assert.rejects(vectorOf({ id: 'u1' }, 0), ({ code, cause }: DuetError) => {
      assert.deepEqual([code, (cause as Error).message], ['corrupt', 'no memory']);
      return true;
    });
    broken = false;
    assert.equal((await vectorOf({ id: 'u1' }, 0)).vectors[0], 1);
  });
});
