import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { watchPressure } from './pressure.ts';

/** A clock that stands still until it is moved. */
function clock() {
  let at = 0;
  const pass = (ms: number): void => {
    at += ms;
  };
  return { now: () => at, pass };
}

/**
 * A turn of the event loop in which requests come one after another, each `ms` of work. @returns how many were refused
 */
async function turn(
  pressure: ReturnType<typeof watchPressure>,
  time: ReturnType<typeof clock>,
  count: number,
  ms: number,
) {
  let refused = 0;
  for (let i = 0; i < count; i++) {
    if (pressure.refusal() === 'waiting') refused++;
    else time.pass(ms);
  }
  await setImmediate();
  return refused;
}

test('a burst is worked off, and a queue that lasts is cut at the wait that is allowed', async () => {
  const time = clock();
  using pressure = watchPressure(256, time.now);
  assert.equal(await turn(pressure, time, 200, 1), 0, 'a burst of 200 ms');
  assert.equal(await turn(pressure, time, 10, 1), 0);
  // Three times what can be done: 300 requests of 1 ms for each 100 ms, again and again.
  for (let i = 0; i < 5; i++) await turn(pressure, time, 300, 1);
  const refused = await turn(pressure, time, 300, 1);
  assert.ok(refused >= 240 && refused < 252, `${refused} of 300: those that had waited 50 ms`);
  assert.equal(await turn(pressure, time, 20, 1), 0, 'the queue has run empty');
  assert.equal(await turn(pressure, time, 200, 1), 0, 'a burst again');
});

test('work that waits for other work lets fewer in, and as many as before once it is quick again', () => {
  const time = clock();
  using pressure = watchPressure(64, time.now);
  const round = (ms: number) => {
    const ends: (() => void)[] = [];
    while (pressure.refusal() === undefined) ends.push(pressure.begin());
    time.pass(ms);
    for (const end of ends) end();
    return ends.length;
  };
  assert.equal(round(5), 64);
  time.pass(100);
  assert.equal(round(5), 64);
  const taken = Array.from({ length: 12 }, () => round(300));
  assert.equal(taken.at(-1), 16, taken.join());
  const again = Array.from({ length: 60 }, () => {
    time.pass(100);
    return round(5);
  });
  assert.equal(again.at(-1), 64, again.join());
});
