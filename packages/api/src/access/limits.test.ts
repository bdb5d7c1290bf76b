import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { createRateLimiter } from './limits.ts';

describe('the rate limiter', () => {
  test('lets a burst through, then a request each time a token has come', () => {
    let time = 0;
    const take = createRateLimiter(() => time);
    const rate = { perSecond: 10, burst: 3 };
    assert.deepEqual(
      Array.from({ length: 4 }, () => take('a', rate).allowed),
      [true, true, true, false],
    );
    assert.equal(take('b', rate).remaining, 2, 'another key has a bucket of its own');
    time = 99;
    assert.equal(take('a', rate).allowed, false);
    time = 100;
    const { allowed, remaining, resetSeconds, retryAfterSeconds } = take('a', rate);
    assert.deepEqual(
      { allowed, remaining, resetSeconds, retryAfterSeconds },
      { allowed: true, remaining: 0, resetSeconds: 1, retryAfterSeconds: 1 },
    );
  });

  test('over any time lets through at most the burst and what the rate gives, and that much where it is asked for', () => {
    const plan = fc.record({
      perSecond: fc.integer({ min: 1, max: 50 }),
      burst: fc.integer({ min: 1, max: 20 }),
      gapsMs: fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 200 }),
    });
    fc.assert(
      fc.property(plan, ({ perSecond, burst, gapsMs }) => {
        let time = 0;
        const take = createRateLimiter(() => time);
        let allowed = 0;
        for (const gap of gapsMs) {
          time += gap;
          const answer = take('key', { perSecond, burst });
          if (answer.allowed) allowed += 1;
          else assert.ok(answer.retryAfterSeconds >= 1);
          assert.ok(allowed <= burst + (time / 1000) * perSecond + 1e-6);
        }
        if (gapsMs.every((gap) => gap * perSecond >= 1000)) assert.equal(allowed, gapsMs.length);
      }),
    );
  });
});
