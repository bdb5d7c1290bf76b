import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createDuetClient, type SentEvent } from '@duet/client';
import { openService } from './testing/service.ts';

describe('events survive kill -9', () => {
  const total = 6_000;

  test('of the service and of PostgreSQL: each that was logged is stored once', async () => {
    await using service = await openService();
    const dropped: string[] = [];
    const client = createDuetClient({
      url: service.url,
      apiKey: service.apiKey,
      retry: { baseDelayMs: 20, maxDelayMs: 200 },
      events: {
        batchSize: 50,
        flushAfterMs: 5,
        capacity: total,
        onDrop: (events: SentEvent[], reason) => dropped.push(`${events.length}: ${reason}`),
      },
    });
    const ids: string[] = [];
    const log = (count: number) => {
      for (let i = 0; i < count; i++)
        ids.push(...client.events.log({ type: 'click', userId: `u${i % 7}`, itemId: 'tea' }));
    };
    // Each kill comes while batches are under way.
    for (const kill of [service.killService, service.killPostgres, service.killService]) {
      log(total / 4);
      while (client.events.pending > total / 8) await new Promise((resolve) => setImmediate(resolve));
      await kill();
      await client.events.flush({ timeoutMs: 60_000 });
    }
    log(total / 4);
    await client.close({ timeoutMs: 60_000 });
    assert.deepEqual(dropped, []);
    const { rows } = await service.db.pool.query<{ id: string }>('SELECT "eventId" AS id FROM "Event"');
    assert.deepEqual(rows.map(({ id }) => id).sort(), ids.sort());
  });
});
