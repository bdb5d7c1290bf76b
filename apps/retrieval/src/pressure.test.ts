import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { watchPressure } from './pressure.ts';

/**
 * A service of `places`, each of which works on a request for `workMs`, and requests that arrive at these milliseconds:
 * what became of each, and how long it had waited.
 */
function serve(arrivals: readonly number[], { places, workMs }: { places: number; workMs: number }) {
  mock.timers.enable({ apis: ['setTimeout', 'setImmediate', 'Date'] });
  const pressure = watchPressure(places, Date.now);
  const came: { taken: boolean; waitedMs: number; at: number }[] = [];
  try {
    for (let ms = 0, next = 0; next < arrivals.length || pressure.waiting > 0; ms++) {
      for (; arrivals[next]! <= ms; next++) {
        pressure.arrive({
          take(waitedMs) {
            came.push({ taken: true, waitedMs, at: Date.now() });
            setTimeout(pressure.begin(), workMs);
          },
          refuse: (waitedMs) => came.push({ taken: false, waitedMs, at: Date.now() }),
          isGone: () => false,
        });
      }
      mock.timers.tick(1);
    }
    return came;
  } finally {
    pressure[Symbol.dispose]();
    mock.timers.reset();
  }
}

const evenly = (perMs: number, forMs: number) => Array.from({ length: perMs * forMs }, (_, i) => Math.floor(i / perMs));

test('a burst is worked off, in the order in which it came', () => {
  // 200 at once, for a service of two a millisecond.
  const came = serve(
    Array.from({ length: 200 }, () => 0),
    { places: 16, workMs: 8 },
  );
  assert.equal(came.length, 200);
  assert.ok(came.every(({ taken }) => taken));
  const first = came.slice(0, 60).map(({ waitedMs }) => waitedMs);
  assert.deepEqual(
    first,
    first.toSorted((a, b) => a - b),
  );
});

test('under three times the load as much is answered as at capacity, and soon', () => {
  const [places, workMs, forMs] = [16, 8, 4_000];
  const came = serve(evenly((3 * places) / workMs, forMs), { places, workMs });
  const taken = came.filter((one) => one.taken);
  const refused = came.filter((one) => !one.taken);
  assert.equal(taken.length + refused.length, (3 * places * forMs) / workMs, 'nobody is forgotten');
  const steady = taken.filter(({ at }) => at < forMs);
  assert.ok(steady.length > (0.95 * places * forMs) / workMs, `${steady.length} answered`);
  const waits = steady.map(({ waitedMs }) => waitedMs).sort((a, b) => a - b);
  assert.ok(waits[Math.floor(0.99 * waits.length)]! <= 35, `${waits.at(-1)} ms`);
  assert.ok(refused.every(({ waitedMs }) => waitedMs > 400 && waitedMs < 470));
});

test('work that waits for other work lets fewer in, and as many as before once it is quick again', () => {
  mock.timers.enable({ apis: ['setTimeout', 'setImmediate', 'Date'] });
  const pressure = watchPressure(64, Date.now);
  try {
    const round = (ms: number) => {
      const ends: (() => void)[] = [];
      for (let i = 0; i < 64; i++) {
        pressure.arrive({ take: () => ends.push(pressure.begin()), refuse: () => {}, isGone: () => false });
      }
      const { length } = ends;
      mock.timers.tick(ms);
      for (const end of ends.splice(0)) end();
      // Those who waited go too.
      while (pressure.inFlight + pressure.waiting > 0) {
        mock.timers.tick(1);
        for (const end of ends.splice(0)) end();
      }
      return length;
    };
    assert.equal(round(5), 64);
    mock.timers.tick(100);
    assert.equal(round(5), 64);
    const taken = Array.from({ length: 12 }, () => round(600));
    assert.equal(taken.at(-1), 16, taken.join());
    const again = Array.from({ length: 60 }, () => {
      mock.timers.tick(100);
      return round(5);
    });
    assert.equal(again.at(-1), 64, again.join());
  } finally {
    pressure[Symbol.dispose]();
    mock.timers.reset();
  }
});

test('whoever has left is not worked on', () => {
  mock.timers.enable({ apis: ['setTimeout', 'setImmediate', 'Date'] });
  using pressure = watchPressure(1, Date.now);
  const outcomes: string[] = [];
  const arrive = (name: string, isGone: boolean) =>
    pressure.arrive({
      take: () => outcomes.push(name),
      refuse: () => outcomes.push(`not ${name}`),
      isGone: () => isGone,
    });
  const end = pressure.begin();
  arrive('gone', true);
  arrive('there', false);
  mock.timers.tick(20);
  assert.deepEqual(outcomes, []);
  end();
  mock.timers.tick(1);
  assert.deepEqual(outcomes, ['there']);
  mock.timers.reset();
});
