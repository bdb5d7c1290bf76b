import { DuetError, type Progress } from '@duet/base';
import {
  addPart,
  findSnapshot,
  meaningOfEvents,
  type NewRow,
  parseStorefront,
  type Sides,
  userItem,
} from '@duet/datasets';
import type { Connection, Database, Dataset, EventType } from '@duet/db';
import { parseSettings, uncountedUsers } from '@duet/experiments';

export interface FoldContext {
  db: Database;
  dataDir: string;
  memory?: number | undefined;
  progress?: Progress | undefined;
  signal?: AbortSignal | undefined;
}

export interface Folded {
  /** The snapshot that has the events. */
  snapshot: string;
  /** Events, and interactions that a server sent, that were taken. */
  events: number;
  /** The part that they became; null where there was none. */
  part: string | null;
}

/** Rows that pass from PostgreSQL to the part at once. */
const batchSize = 20_000;

/** Whether a logged event is an interaction of the dataset: it says what users did with items. */
export const isFoldable = ({ summary }: Pick<Dataset, 'summary'>): boolean => {
  const { left, right, symmetric } = (summary as { sides?: Sides }).sides ?? userItem;
  return left === 'user' && right === 'item' && !symmetric;
};

/**
 * Makes a part of what was logged for a dataset, and what its shop's server sent, since the last fold, and the snapshot
 * that has it.
 *
 * Events are found by the transaction that stored them, as rollups find them: those that the last fold's snapshot did
 * not see. The part's row and the new fold's snapshot are written in one transaction, so that every event is in exactly
 * one part, wherever a process is killed. What machines, simulators and test users sent is in none.
 *
 * @throws DuetError `not-found`; `conflict` for a dataset of queries or of users with users, or while another process
 *   changes the dataset
 */
export async function foldEvents(ctx: FoldContext, datasetId: string): Promise<Folded> {
  const dataset = await ctx.db.prisma.dataset.findUnique({ where: { id: datasetId } });
  if (dataset === null) throw new DuetError('not-found', `There is no dataset ${datasetId}.`);
  if (!isFoldable(dataset)) {
    throw new DuetError(
      'conflict',
      `Events say what users did with items, and "${dataset.name}" is about something else.`,
    );
  }
  await findSnapshot(ctx, datasetId);
  for (let events = 0, part: string | null = null; ; ) {
    let again = false;
    const { rows, partId, snapshotId } = await addPart(ctx, datasetId, {
      source: 'events',
      gather: async (client, add) => {
        const { origin, isRestored } = await gather(client, ctx.db, dataset, add);
        again = isRestored;
        return origin;
      },
    });
    events += rows;
    part = partId ?? part;
    if (!again) return { snapshot: snapshotId, events, part };
  }
}

/** Takes the events that no fold has seen, and writes down what this one has. */
async function gather(
  client: Connection,
  db: Database,
  dataset: Dataset,
  add: (rows: readonly NewRow[]) => Promise<void>,
): Promise<{ origin: object; isRestored: boolean }> {
  const { seen, isRestored } = await begin(client, dataset.id);
  const { rows } = await client.query<{ now: string; at: Date }>(
    'SELECT pg_current_snapshot()::text AS now, now() AS at',
  );
  const { now, at } = rows[0]!;
  await client.query(`DECLARE folded NO SCROLL CURSOR FOR ${selectEvents}`, [
    dataset.id,
    seen,
    now,
    await testUsers(db, dataset.id),
    mostEventsPerDay,
  ]);
  const { eventTypes } = parseStorefront(dataset.storefront);
  const meaningOf = meaningOfEvents(dataset.settings as object, eventTypes);
  let taken = 0;
  for (;;) {
    const { rows: events } = await client.query<EventRow>(`FETCH ${batchSize} FROM folded`);
    if (events.length === 0) break;
    await add(events.map((event) => rowOf(event, dataset, meaningOf)));
    taken += events.length;
  }
  await client.query('CLOSE folded');
  for (;;) {
    const { rows: sent } = await client.query<{ row: NewRow }>(
      `DELETE FROM "PendingInteraction" WHERE id IN (
         SELECT id FROM "PendingInteraction" WHERE "datasetId" = $1 ORDER BY id LIMIT ${batchSize}) RETURNING row`,
      [dataset.id],
    );
    if (sent.length === 0) break;
    await add(sent.map(({ row }) => row));
    taken += sent.length;
  }
  await client.query('UPDATE "EventFold" SET seen = $2::pg_snapshot, through = $3 WHERE "datasetId" = $1', [
    ...[dataset.id, now, at],
  ]);
  return { origin: { events: taken, after: seen, until: now }, isRestored };
}

/** Waits for its turn, and returns the snapshot up to which events are in parts. */
async function begin(client: Connection, datasetId: string): Promise<{ seen: string; isRestored: boolean }> {
  await client.query(`INSERT INTO "EventFold" ("datasetId", through) VALUES ($1, 'epoch') ON CONFLICT DO NOTHING`, [
    datasetId,
  ]);
  await client.query('SELECT FROM "EventFold" WHERE "datasetId" = $1 FOR UPDATE', [datasetId]);
  const unborn = 'pg_snapshot_xmax(pg_current_snapshot())';
  const { rows } = await client.query<{ seen: string; restored: boolean }>(
    `SELECT seen::text, pg_snapshot_xmax(seen) > ${unborn}
       OR EXISTS (SELECT FROM "Event" WHERE "ingestedIn" >= ${unborn}) AS restored
     FROM "EventFold" WHERE "datasetId" = $1`,
    [datasetId],
  );
  const { seen, restored } = rows[0]!;
  if (!restored) return { seen, isRestored: false };
  // Copied from a server that had counted further: its numbers of transactions mean nothing here. All events are taken
  // again, and what is in a part is left out as what it repeats.
  await client.query(`UPDATE "Event" SET "ingestedIn" = DEFAULT WHERE "ingestedIn" >= ${unborn}`);
  return { seen: '1:1:', isRestored: true };
}

/** Users whose events are tests, in the dataset's running experiments. */
async function testUsers({ prisma }: Database, datasetId: string): Promise<string[]> {
  const running = await prisma.experiment.findMany({
    where: { datasetId, status: 'running' },
    select: { settings: true },
  });
  return [...new Set(running.flatMap(({ settings }) => [...uncountedUsers(parseSettings(settings))]))];
}

/** Whoever sends more on one UTC day is a machine. */
const mostEventsPerDay = parseSettings({}).attribution.maxEventsPerDay;

interface EventRow {
  type: EventType;
  name: string;
  userId: string;
  itemId: string;
  time: number;
  orderId: string | null;
  quantity: number | null;
  valueMinor: string | null;
  currency: string | null;
}

/**
 * Events, `e`, of the dataset $1: those that name it, and of before events did, those of its experiments; of neither,
 * all where there is one dataset.
 */
export const ofDataset = `(e."datasetId" = $1::uuid OR e."datasetId" IS NULL AND CASE WHEN e."experimentId" IS NULL
    THEN (SELECT count(*) FROM "Dataset") = 1
    ELSE EXISTS (SELECT FROM "Experiment" x WHERE x.id = e."experimentId" AND x."datasetId" = $1::uuid) END)`;

/**
 * Events of $1 that the snapshot $2 did not see and the snapshot $3 does, without users $4 and who sent more than $5 a
 * day.
 */
const selectEvents = `
  WITH fresh AS (
    SELECT DISTINCT ON (e."userId", e."eventId") e.* FROM "Event" e
    WHERE e."ingestedIn" >= pg_snapshot_xmin($2::pg_snapshot) AND NOT pg_visible_in_snapshot(e."ingestedIn", $2::pg_snapshot)
      AND pg_visible_in_snapshot(e."ingestedIn", $3::pg_snapshot)
      AND NOT e.simulated AND e.device <> 'bot' AND e."itemId" IS NOT NULL AND e."userId" <> ALL ($4::text[]) AND ${ofDataset}
    ORDER BY e."userId", e."eventId", e."occurredAt"
  ), machine AS (
    SELECT e."userId", e.day FROM "Event" e WHERE e.day IN (SELECT day FROM fresh) AND NOT e.simulated AND ${ofDataset}
    GROUP BY e."userId", e.day HAVING count(*) > $5::int
  )
  SELECT type::text, name, "userId", "itemId", extract(epoch FROM "occurredAt")::float8 AS time, "orderId", quantity,
    "valueMinor"::text, currency
  FROM fresh WHERE ("userId", day) NOT IN (SELECT "userId", day FROM machine) ORDER BY "occurredAt", "eventId"`;

function rowOf(event: EventRow, { currency }: Dataset, meaningOf: ReturnType<typeof meaningOfEvents>): NewRow {
  const { type, name, userId, itemId, time, orderId, quantity, valueMinor } = event;
  const isKnownValue = valueMinor !== null && event.currency === currency;
  return {
    ...{ userId, itemId, time, kind: type === 'own' ? name : type, orderId, quantity },
    ...meaningOf(type, name),
    valueMinor: isKnownValue ? Number(valueMinor) : null,
  };
}
