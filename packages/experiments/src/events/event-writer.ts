import { DuetError } from '@duet/base';
import { type Database, type EventType, ensureEventPartitions, isAway } from '@duet/db';
import type { ParsedEvent } from './event-schema.ts';

/** An event that may be stored: parsed, its time put right. */
export interface EventRow extends Omit<ParsedEvent, 'type'> {
  type: EventType;
  /** Of an own type: which. */
  name?: string | undefined;
  /** UTC day of `occurredAt`. */
  day: string;
  /** ISO 8601 in UTC, to the millisecond, as `receivedAt` is. */
  occurredAt: string;
  receivedAt: string;
  simulated: boolean;
  datasetId?: string | undefined;
}

interface Waiting {
  rows: readonly EventRow[];
  stored(count: number): void;
  failed(error: unknown): void;
}

/** One statement takes at most about this many events, so that a long queue does not become one long transaction. */
const mostRows = 10_000;

/** Events that wait at most: what comes beyond them is the sender's to keep, and to send again. */
const mostWaiting = 200_000;

/** Where events go: one for a process's life, which every call of it shares. */
export interface EventSink {
  database: Database;
  /**
   * Stores the rows that are not there yet and returns how many those were, once PostgreSQL has committed them.
   *
   * @throws DuetError `unavailable` where too many wait already
   */
  store(rows: readonly EventRow[]): Promise<number>;
}

/**
 * Opens the sink that stores events in PostgreSQL. Calls that come while a statement is under way share the next one (a
 * group commit): one call waits for nothing, and many pay for one statement and one write to the disk.
 */
export function openEventSink(database: Database): EventSink {
  const waiting: Waiting[] = [];
  const knownDays = new Set<string>();
  let draining = false;
  const drain = async () => {
    draining = true;
    while (waiting.length > 0) await storeNext(database, waiting, knownDays);
    draining = false;
  };
  return {
    database,
    store(rows) {
      if (rows.length === 0) return Promise.resolve(0);
      if (waiting.reduce((sum, call) => sum + call.rows.length, rows.length) > mostWaiting) {
        return Promise.reject(
          new DuetError('unavailable', 'More events wait than the database stores. Send them again.'),
        );
      }
      const { promise, resolve: stored, reject: failed } = Promise.withResolvers<number>();
      waiting.push({ rows, stored, failed });
      if (!draining) void drain();
      return promise;
    },
  };
}

/** Stores the calls that wait longest, as many as one statement takes, and answers them. */
async function storeNext(database: Database, queue: Waiting[], knownDays: Set<string>): Promise<void> {
  let size = queue[0]!.rows.length;
  let calls = 1;
  while (calls < queue.length && size + queue[calls]!.rows.length <= mostRows) size += queue[calls++]!.rows.length;
  const group = queue.splice(0, calls);
  try {
    await storeGroup(database, group, knownDays);
  } catch (error) {
    // No call fails for what another one brought.
    if (group.length === 1 || isAway(error)) for (const call of group) call.failed(error);
    else for (const call of group) await storeGroup(database, [call], knownDays).catch(call.failed);
  }
}

async function storeGroup(database: Database, group: readonly Waiting[], knownDays: Set<string>): Promise<void> {
  const callOf = new Map<string, number>();
  const rows: EventRow[] = [];
  for (const [call, waiting] of group.entries()) {
    for (const row of waiting.rows) {
      if (callOf.has(row.eventId)) continue;
      callOf.set(row.eventId, call);
      rows.push(row);
    }
  }
  await ensureEventPartitions(database, new Set(rows.map(({ day }) => day)), knownDays);
  // In one order everywhere, so that two processes with the same ids never wait for each other in a circle.
  rows.sort((a, b) => (a.day < b.day || (a.day === b.day && a.eventId < b.eventId) ? -1 : 1));
  const { rows: inserted } = await database.pool.query<[eventId: string]>({
    name: 'insert-events',
    text: insertText,
    values: columns.map(([, type, value]) => arrayLiteral(rows, type, value)),
    rowMode: 'array',
  });
  const counts = group.map(() => 0);
  for (const [eventId] of inserted) counts[callOf.get(eventId)!]! += 1;
  for (const [call, waiting] of group.entries()) waiting.stored(counts[call]!);
}

type Value = string | number | boolean | undefined;

/** Columns of "Event" that a sender fills, with their PostgreSQL types. */
const columns: readonly [name: string, type: string, value: (row: EventRow) => Value][] = [
  ['day', 'date', (row) => row.day],
  ['eventId', 'uuid', (row) => row.eventId],
  ['type', '"EventType"', (row) => row.type],
  ['occurredAt', 'timestamptz', (row) => row.occurredAt],
  ['receivedAt', 'timestamptz', (row) => row.receivedAt],
  ['userId', 'text', (row) => row.userId],
  ['itemId', 'text', (row) => row.itemId],
  ['experimentId', 'uuid', (row) => row.experimentId],
  ['armId', 'uuid', (row) => row.armId],
  ['requestId', 'uuid', (row) => row.requestId],
  ['placement', 'text', (row) => row.placement ?? ''],
  ['position', 'int', (row) => row.position],
  ['orderId', 'text', (row) => row.orderId],
  ['quantity', 'int', (row) => row.quantity],
  ['valueMinor', 'bigint', (row) => row.valueMinor],
  ['currency', 'text', (row) => row.currency],
  ['device', 'text', (row) => row.device ?? ''],
  ['simulated', 'boolean', (row) => row.simulated],
  ['propensity', 'float8', (row) => row.propensity],
  ['datasetId', 'uuid', (row) => row.datasetId],
  ['name', 'text', (row) => row.name ?? ''],
  ['dwellMs', 'int', (row) => row.dwellMs],
];

const names = columns.map(([name]) => `"${name}"`).join(', ');
const insertText = `
  INSERT INTO "Event" (${names})
  SELECT * FROM unnest(${columns.map(([, type], i) => `$${i + 1}::${type}[]`).join(', ')}) AS n(${names})
  WHERE NOT EXISTS (
    SELECT FROM "Event" e WHERE e."eventId" = n."eventId" AND (e."day" = n."day" - 1 OR e."day" = n."day" + 1))
  ON CONFLICT ("day", "eventId") DO NOTHING RETURNING "eventId"`;

/**
 * A column as PostgreSQL's array literal (postgresql.org/docs/18/arrays.html#ARRAYS-IO). `pg` would write it too, in
 * twice the time: it quotes and escapes numbers and ids as well.
 */
function arrayLiteral(rows: readonly EventRow[], type: string, value: (row: EventRow) => Value): string {
  const quoted = type === 'text';
  let text = '{';
  for (const row of rows) {
    const v = value(row);
    if (text.length > 1) text += ',';
    if (v === undefined) text += 'NULL';
    else if (quoted) text += `"${(v as string).replace(/["\\]/g, '\\$&')}"`;
    else text += v;
  }
  return `${text}}`;
}
