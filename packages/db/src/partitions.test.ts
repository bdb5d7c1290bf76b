import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import { connect } from './database.ts';
import { ensureEventPartitions } from './partitions.ts';
import { createTestDatabase } from './testing.ts';

const days = (n: number) =>
  Array.from({ length: n }, (_, i) => new Date(Date.UTC(2026, 1, 20 + i)).toISOString().slice(0, 10));

describe('event partitions', { concurrency: true }, () => {
  test('are made once by many connections that ask for the same days at once', async () => {
    await using database = await createTestDatabase();
    await using other = await connect(database.url);
    const ensured = days(15);
    await Promise.all(Array.from({ length: 8 }, (_, i) => ensureEventPartitions(i % 2 ? database : other, ensured)));
    const { rows } = await database.pool.query<{ bound: string }>(
      `SELECT pg_get_expr(relpartbound, oid) AS bound FROM pg_class WHERE relispartition AND relkind = 'r' ORDER BY relname`,
    );
    assert.equal(rows.length, 15);
    assert.equal(rows[8]!.bound, "FOR VALUES FROM ('2026-02-28') TO ('2026-03-01')");
  });

  test('are looked up no second time', async (context) => {
    await using database = await createTestDatabase();
    const there = new Set<string>();
    await ensureEventPartitions(database, ['2026-02-20'], there);
    const taken = context.mock.method(database.pool, 'connect');
    await ensureEventPartitions(database, ['2026-02-20'], there);
    assert.equal(taken.mock.callCount(), 0);
    await ensureEventPartitions(database, ['2026-02-21'], there);
    assert.equal(taken.mock.callCount(), 1);
  });

  test('refuse what is not a day', async () => {
    await using database = await createTestDatabase();
    for (const text of ['2026-02-30', '2026-2-3', "2026-01-01'); --"]) {
      await assert.rejects(ensureEventPartitions(database, [text]), { code: 'bad-input' });
    }
  });

  test('keep one row for an event that is sent again', async () => {
    await using database = await createTestDatabase();
    await ensureEventPartitions(database, ['2026-02-20', '2026-02-21']);
    const insert = (eventId: string, occurredAt: string, day = occurredAt.slice(0, 10)) =>
      database.pool.query(
        `INSERT INTO "Event" ("day", "eventId", "type", "occurredAt", "userId") VALUES ($1, $2, 'click', $3, 'u')
         ON CONFLICT DO NOTHING`,
        [day, eventId, occurredAt],
      );
    const id = randomUUID();
    const sent = [];
    for (const at of ['2026-02-20T23:59:59.999Z', '2026-02-20T23:59:59.999Z', '2026-02-21T00:00:00Z']) {
      sent.push((await insert(id, at)).rowCount);
    }
    assert.deepEqual(sent, [1, 0, 1]);
    await assert.rejects(insert(randomUUID(), '2026-02-20T12:00:00Z', '2026-02-21'), /Event_day_check/);
    const { rows } = await database.pool.query(`SELECT tableoid::regclass::text AS at FROM "Event" ORDER BY "day"`);
    assert.deepEqual(
      rows.map((row) => row.at),
      ['"Event_20260220"', '"Event_20260221"'],
    );
  });
});
