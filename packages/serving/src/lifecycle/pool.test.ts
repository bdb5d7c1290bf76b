import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { createPool } from './pool.ts';

/** Something that knows whether it is open, and how often it was closed. */
class Opened {
  disposals = 0;
  readonly key: string;
  constructor(key: string) {
    this.key = key;
  }
  async [Symbol.asyncDispose]() {
    await turn();
    this.disposals += 1;
  }
}

const none: ReadonlySet<string> = new Set();
const fail = (error: unknown) => assert.fail(String(error));

describe('a pool', () => {
  test('serves every request through any number of swaps, and disposes each value once, after its last use', async () => {
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.record({ use: fc.constantFrom('a', 'b', 'c'), turns: fc.nat(4) }) },
      { weight: 2, arbitrary: fc.record({ keep: fc.subarray(['a', 'b', 'c']) }) },
      { weight: 1, arbitrary: fc.record({ wait: fc.integer({ min: 1, max: 3 }) }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const made: Opened[] = [];
        const pool = createPool<Opened>(1, fail);
        const requests: Promise<void>[] = [];
        const open = (key: string) => async () => {
          await turn();
          const value = new Opened(key);
          made.push(value);
          return value;
        };
        for (const action of steps) {
          if ('wait' in action) for (let i = 0; i < action.wait; i++) await turn();
          else if ('keep' in action) pool.keep(new Set(action.keep), new Set(['a']));
          else {
            const request = pool.use(action.use, open(action.use), async (value) => {
              for (let i = 0; i < action.turns; i++) await turn();
              assert.equal(value.disposals, 0, 'disposed while it was in use');
              assert.equal(value.key, action.use);
            });
            requests.push(request);
          }
        }
        await pool[Symbol.asyncDispose]();
        await Promise.all(requests);
        assert.deepEqual(
          made.map(({ disposals }) => disposals),
          made.map(() => 1),
        );
      }),
      { numRuns: 200 },
    );
  });

  test('opens a key once for requests that come together', async () => {
    await using pool = createPool<Opened>(0, fail);
    let opened = 0;
    const open = async () => {
      opened += 1;
      await turn();
      return new Opened('a');
    };
    const keys = await Promise.all(Array.from({ length: 20 }, () => pool.use('a', open, ({ key }) => key)));
    assert.deepEqual(new Set(keys), new Set(['a']));
    assert.equal(opened, 1);
  });

  test('tries again after a failure to open', async () => {
    await using pool = createPool<Opened>(0, fail);
    const broken = () => Promise.reject(new Error('truncated'));
    await assert.rejects(
      pool.use('a', broken, () => 1),
      /truncated/,
    );
    assert.equal(
      await pool.use(
        'a',
        async () => new Opened('a'),
        ({ key }) => key,
      ),
      'a',
    );
  });

  test('keeps the spare keys that were used last, and only such that are allowed', async () => {
    const values = new Map<string, Opened>();
    const pool = createPool<Opened>(1, fail);
    for (const key of ['needed', 'old', 'recent', 'gone']) {
      await pool.use(
        key,
        async () => new Opened(key),
        (value) => values.set(key, value),
      );
    }
    pool.keep(new Set(['needed']), new Set(['old', 'recent']));
    for (let i = 0; i < 5; i++) await turn();
    const closed = [...values].filter(([, { disposals }]) => disposals > 0).map(([key]) => key);
    assert.deepEqual(closed, ['old', 'gone']);
    await pool[Symbol.asyncDispose]();
    assert.deepEqual(
      [...values.values()].map(({ disposals }) => disposals),
      [1, 1, 1, 1],
    );
  });

  test('ends while a value is still in use only after that use', async () => {
    const pool = createPool<Opened>(0, fail);
    const leave = Promise.withResolvers<void>();
    const inside = Promise.withResolvers<Opened>();
    const request = pool.use(
      'a',
      async () => new Opened('a'),
      async (value) => {
        inside.resolve(value);
        await leave.promise;
        return value.disposals;
      },
    );
    const value = await inside.promise;
    pool.keep(none, none);
    const ended = pool[Symbol.asyncDispose]();
    for (let i = 0; i < 5; i++) await turn();
    assert.equal(value.disposals, 0);
    leave.resolve();
    assert.equal(await request, 0);
    await ended;
    assert.equal(value.disposals, 1);
  });
});
