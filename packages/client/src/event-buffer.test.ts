import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { DuetClientError } from './error.ts';
import { createEventBuffer } from './event-buffer.ts';

const transient = () => new DuetClientError('unreachable', 'no answer', { transient: true });
const retry = { attempts: 1, baseDelayMs: 0, maxDelayMs: 0, random: () => 0 };

/**
 * What can happen to one batch: it arrives; it does not; it arrives and the answer is lost; or it is refused for good.
 */
const fate = fc.constantFrom('fine', 'lost', 'answer lost', 'fine', 'fine');

describe('the event buffer', () => {
  test('delivers every event exactly once and in order, whatever is lost on the way', async () => {
    const plan = fc.record({
      batchSize: fc.integer({ min: 1, max: 7 }),
      bursts: fc.array(fc.nat(12), { maxLength: 12 }),
      fates: fc.array(fate, { maxLength: 20 }),
    });
    await fc.assert(
      fc.asyncProperty(plan, async ({ batchSize, bursts, fates }) => {
        const stored = new Map<number, number>(); // event → times it was stored; a server drops repeats by id
        const dropped: number[] = [];
        let inFlight = 0;
        const buffer = createEventBuffer<number>({
          batchSize,
          flushAfterMs: 1,
          capacity: 1_000,
          onDrop: (events) => dropped.push(...events),
          retry,
          send: async (batch) => {
            inFlight += 1;
            assert.equal(inFlight, 1, 'one batch at a time');
            assert.ok(batch.length <= batchSize);
            await turn();
            inFlight -= 1;
            const happens = fates.shift() ?? 'fine';
            if (happens !== 'lost') for (const event of batch) if (!stored.has(event)) stored.set(event, 1);
            if (happens !== 'fine') throw transient();
            return { rejected: [] };
          },
        });
        let next = 0;
        for (const burst of bursts) {
          for (let i = 0; i < burst; i++) buffer.add(next++);
          await turn();
        }
        await buffer.close({ timeoutMs: 5_000 });
        assert.deepEqual(
          [...stored.keys()],
          Array.from({ length: next }, (_, i) => i),
        );
        assert.deepEqual(dropped, []);
        assert.equal(buffer.pending, 0);
      }),
      { numRuns: 60 },
    );
  });

  test('holds no more than its capacity, and tells of every event that it does not take', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 20 }), fc.nat(60), async (capacity, count) => {
        const dropped: number[] = [];
        const arrived: number[] = [];
        const online = Promise.withResolvers<void>();
        const buffer = createEventBuffer<number>({
          batchSize: 5,
          flushAfterMs: 1_000,
          capacity,
          onDrop: (events, reason) => {
            assert.match(reason, /full/);
            dropped.push(...events);
          },
          retry,
          send: async (batch) => {
            await online.promise;
            arrived.push(...batch);
            return { rejected: [] };
          },
        });
        for (let i = 0; i < count; i++) {
          buffer.add(i);
          assert.ok(buffer.pending <= capacity);
        }
        online.resolve();
        await buffer.flush();
        assert.deepEqual(
          [...arrived, ...dropped],
          Array.from({ length: count }, (_, i) => i),
        );
      }),
      { numRuns: 50 },
    );
  });

  test('gives up the one event that is refused, whatever batch it came in, and sends the others', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.nat(39)), fc.integer({ min: 1, max: 20 }), async (bad, batchSize) => {
        const arrived = new Set<number>();
        const dropped: number[] = [];
        const aside: number[] = [];
        const buffer = createEventBuffer<number>({
          batchSize,
          flushAfterMs: 1,
          capacity: 100,
          onDrop: (events) => dropped.push(...events),
          store: { take: () => [], keep: () => {}, setAside: (events) => void aside.push(...events) },
          retry,
          send: async (batch) => {
            if (batch.some((event) => bad.includes(event))) throw new DuetClientError('bad-input', 'not like this');
            for (const event of batch) arrived.add(event);
            return { rejected: [] };
          },
        });
        for (let i = 0; i < 40; i++) buffer.add(i);
        await buffer.close();
        const ascending = bad.toSorted((a, b) => a - b);
        assert.deepEqual([dropped, aside], [ascending, ascending]);
        assert.equal(arrived.size, 40 - bad.length);
      }),
      { numRuns: 40 },
    );
  });

  test('sends a batch that is too large in parts, and loses nothing of it', async () => {
    const arrived: number[] = [];
    const buffer = createEventBuffer<number>({
      batchSize: 100,
      flushAfterMs: 1,
      capacity: 1_000,
      onDrop: () => assert.fail('dropped'),
      retry,
      send: async (batch) => {
        if (batch.length > 7) throw new DuetClientError('bad-input', 'too large', { status: 413 });
        arrived.push(...batch);
        return { rejected: [] };
      },
    });
    const all = Array.from({ length: 100 }, (_, i) => i);
    for (const i of all) buffer.add(i);
    await buffer.close();
    assert.deepEqual(arrived, all);
  });

  test('gives up an event that the service breaks on only once others have got through', async () => {
    const arrived: number[] = [];
    const dropped: [number[], string][] = [];
    let isBroken = true;
    const buffer = createEventBuffer<number>({
      batchSize: 2,
      flushAfterMs: 1,
      capacity: 100,
      onDrop: (events, reason) => dropped.push([events, reason]),
      retry,
      send: async (batch) => {
        await turn();
        if (isBroken || batch.includes(2)) throw new DuetClientError('internal', 'a bug', { transient: true });
        arrived.push(...batch);
        return { rejected: batch.includes(5) ? [{ index: batch.indexOf(5), reason: 'too old' }] : [] };
      },
    });
    for (let i = 0; i < 6; i++) buffer.add(i);
    for (let turns = 0; turns < 500; turns++) await turn();
    assert.deepEqual([arrived, dropped, buffer.pending], [[], [], 6], 'while everything breaks it is about no event');
    isBroken = false;
    await buffer.close();
    assert.deepEqual(arrived.toSorted(), [0, 1, 3, 4, 5]);
    assert.deepEqual(dropped.toSorted(), [
      [[2], 'a bug'],
      [[5], 'too old'],
    ]);
  });

  test('keeps events that the service does not take from this client, and says why they wait', async () => {
    const refused = Promise.withResolvers<string>();
    let revoked = true;
    const buffer = createEventBuffer<number>({
      batchSize: 2,
      flushAfterMs: 1,
      capacity: 100,
      onDrop: () => assert.fail('dropped'),
      onRefused: ({ message }) => refused.resolve(message),
      retry,
      send: async () => {
        await turn();
        if (revoked) throw new DuetClientError('unauthorised', 'The API key is revoked.', { status: 401 });
        return { rejected: [] };
      },
    });
    buffer.add(1);
    assert.equal(await refused.promise, 'The API key is revoked.');
    const flushed = buffer.flush({ timeoutMs: 1 }).catch(({ message }) => message);
    assert.match(await flushed, /1 events are not acknowledged.*The API key is revoked/);
    assert.equal(buffer.pending, 1);
    revoked = false;
    await buffer.close();
    assert.equal(buffer.pending, 0);
  });

  test('closes in time though nothing answers, and tells what it could not send', async () => {
    const dropped: number[] = [];
    const buffer = createEventBuffer<number>({
      batchSize: 2,
      flushAfterMs: 1,
      capacity: 100,
      onDrop: (events) => dropped.push(...events),
      retry: { ...retry, baseDelayMs: 1_000, maxDelayMs: 1_000, random: () => 1 },
      send: async () => {
        throw transient();
      },
    });
    for (let i = 0; i < 3; i++) buffer.add(i);
    await buffer.close({ timeoutMs: 20 });
    assert.deepEqual(dropped, [0, 1, 2]);
    assert.throws(() => buffer.add(3), /closed/);
  });
});
