import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { DuetClientError } from './error.ts';
import { createEventBuffer } from './event-buffer.ts';
import { browserStore, type EventStore, type KeyValueStorage } from './event-store.ts';
import { fileStore } from './file-store.ts';

const folders: string[] = [];
after(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

/** `localStorage` as the HTML standard has it, with a quota. */
function storage(quota = Infinity): KeyValueStorage & { size(): number } {
  const values = new Map<string, string>();
  return {
    get length() {
      return values.size;
    },
    key: (index) => [...values.keys()][index] ?? null,
    getItem: (key) => values.get(key) ?? null,
    setItem(key, value) {
      if (value.length > quota) throw new Error('QuotaExceededError');
      values.set(key, value);
    },
    removeItem: (key) => values.delete(key),
    size: () => values.size,
  };
}

const kinds: Record<string, () => Promise<(id: string) => EventStore<number>>> = {
  'a browser': async () => {
    const local = storage();
    return (id) => browserStore(local, { id });
  },
  'a folder': async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'duet-store-'));
    folders.push(folder);
    return (id) => fileStore(path.join(folder, 'events'), { id });
  },
};

for (const [kind, openKind] of Object.entries(kinds)) {
  describe(`events kept in ${kind}`, () => {
    test('that were set aside are sent by nobody', async () => {
      const open = await openKind();
      const first = open('a');
      await first.keep([1]);
      await first.setAside!([2, 3], 'not like this');
      await first.setAside!([4], 'nor like that');
      assert.deepEqual(await open('b').take(), [1]);
    });

    test('are taken by the next client, once, and never by the one that keeps them', async () => {
      const open = await openKind();
      const first = open('a');
      assert.deepEqual(await first.take(), []);
      await first.keep([1, 2, 3]);
      await first.keep([2, 3]);
      assert.deepEqual(await first.take(), []);
      const second = open('b');
      assert.deepEqual(await second.take(), [2, 3]);
      await second.keep([2, 3]);
      const third = open('c');
      assert.deepEqual(await third.take(), [2, 3]);
      await third.keep([]);
      await second.keep([2]);
      await second.keep([]);
      assert.deepEqual(await open('c').take(), []);
    });

    test('reach the service though the client that logged them is gone', async () => {
      const open = await openKind();
      const arrived: number[] = [];
      const dropped: number[] = [];
      const buffer = (id: string, online: boolean) =>
        createEventBuffer<number>({
          batchSize: 2,
          flushAfterMs: 1,
          capacity: 100,
          onDrop: (events) => dropped.push(...events),
          retry: { attempts: 1, baseDelayMs: 1_000, maxDelayMs: 1_000, random: () => 1 },
          store: open(id),
          onStoreFailure: (error) => assert.fail(error as Error),
          send: async (batch) => {
            if (!online) throw new DuetClientError('unreachable', 'no answer', { transient: true });
            arrived.push(...batch);
            return { rejected: [] };
          },
        });
      const offline = buffer('a', false);
      for (const event of [1, 2, 3]) offline.add(event);
      await offline.close({ timeoutMs: 20 });
      const killed = buffer('b', false);
      killed.add(4);
      await killed.save();
      const online = buffer('c', true);
      online.add(5);
      await online.close();
      assert.deepEqual(arrived.toSorted(), [1, 2, 3, 4, 5]);
      assert.deepEqual(dropped, []);
      assert.deepEqual(await open('d').take(), []);
      await killed.close({ timeoutMs: 1 });
    });

    test('are not lost where the client that took them ends at once', async () => {
      const open = await openKind();
      await open('a').keep([1]);
      assert.deepEqual(await open('b').take(), [1]);
      assert.deepEqual(await open('c').take(), [1]);
    });
  });
}

test('a store that is full, or that holds what is no list, leaves the events in memory, and is told of', async () => {
  const failures: unknown[] = [];
  const arrived: number[] = [];
  const full = storage(3);
  full.setItem('duet-events:x', '[1,');
  const buffer = createEventBuffer<number>({
    batchSize: 10,
    flushAfterMs: 1_000,
    capacity: 100,
    onDrop: () => assert.fail('dropped'),
    retry: { attempts: 1, baseDelayMs: 0, maxDelayMs: 0, random: () => 0 },
    store: browserStore<number>(full),
    onStoreFailure: (error) => failures.push(error),
    send: async (batch) => {
      arrived.push(...batch);
      return { rejected: [] };
    },
  });
  for (const event of [1, 2, 3]) buffer.add(event);
  await buffer.save();
  assert.ok(failures.length > 0);
  await buffer.close();
  assert.deepEqual(arrived, [1, 2, 3]);
  assert.equal(full.size(), 0);
});

test('of clients that start together, some take what a folder holds, and none fails on what another took', async () => {
  for (let round = 0; round < 50; round++) {
    const folder = await mkdtemp(path.join(tmpdir(), 'duet-store-'));
    folders.push(folder);
    await writeFile(path.join(folder, 'old.json'), '[1,2]');
    const taken = await Promise.all(
      ['a', 'b', 'c'].map(async (id) => {
        const store = fileStore<number>(folder, { id });
        const events = await store.take();
        await store.keep([]);
        return events;
      }),
    );
    // The server drops an event that it has.
    assert.deepEqual(new Set(taken.flat()), new Set([1, 2]));
    assert.deepEqual(await readdir(folder), []);
  }
});
