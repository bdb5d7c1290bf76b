import { type Database, ensureEventPartitions } from '@duet/db';
import { z } from 'zod';

/** PostgreSQL's text holds every character but NUL. */
const text = (max: number) =>
  z
    .string()
    .max(max)
    .refine((value) => !value.includes('\0'), 'holds a NUL character');
const required = (max: number) => text(max).min(1, 'is empty');
const uuid = z.guid().transform((id) => id.toLowerCase());

/** One event as a storefront sends it. What depends on time or on the database is checked by {@link logEvents}. */
export const eventSchema = z
  .object({
    /** Made once by the sender: a repeat of it is dropped. */
    eventId: uuid,
    type: z.enum(['impression', 'click', 'cart', 'order', 'refund']),
    /** ISO 8601 with zone, such as 2026-01-31T12:00:00Z. */
    occurredAt: z.iso.datetime({ offset: true }),
    userId: required(200),
    itemId: required(200).optional(),
    /** Experiment and arm that `retrieve` answered with: both or neither. */
    experimentId: uuid.optional(),
    armId: uuid.optional(),
    /** The `retrieve` answer that showed the item. */
    requestId: uuid.optional(),
    placement: text(100).optional(),
    /** 0-based position in the list that was shown. */
    position: z.int().min(0).max(1_000_000).optional(),
    /** Lines of one order share it; an order event without it is an order of its own. */
    orderId: required(200).optional(),
    quantity: z.int().min(1).max(1_000_000).optional(),
    /** Value of an order line or refund in minor units, quantity included; zero or more. */
    valueMinor: z.int().min(0, 'must not be negative').optional(),
    /** ISO 4217 code. */
    currency: z
      .string()
      .regex(/^[A-Z]{3}$/, 'must be an ISO 4217 code such as GBP')
      .optional(),
    /** Class of the user agent: desktop, phone, tablet …; users of the class bot count nowhere. */
    device: z
      .string()
      .regex(/^[a-z][a-z0-9-]{0,29}$/, 'must be a word such as phone')
      .optional(),
    /** Probability with which the item came to its position, where chance had a part in it. */
    propensity: z.number().gt(0).max(1).optional(),
  })
  .superRefine((event, context) => {
    const need = (field: keyof typeof event) => {
      if (event[field] === undefined)
        context.addIssue({ code: 'custom', path: [field], message: `is missing: ${purpose}` });
    };
    let purpose = `${event.type} events name the item`;
    if (event.type === 'impression' || event.type === 'click' || event.type === 'cart') need('itemId');
    purpose = `${event.type} events carry a value and its currency`;
    if (event.type === 'order' || event.type === 'refund') {
      need('valueMinor');
      need('currency');
    }
    purpose = 'experimentId and armId come together';
    if (event.armId !== undefined) need('experimentId');
    if (event.experimentId !== undefined) need('armId');
  });

export type EventInput = z.input<typeof eventSchema>;
type ParsedEvent = z.output<typeof eventSchema>;

export interface LoggedEvents {
  /** Events stored by this call. */
  accepted: number;
  /** Events that were stored before, by this or another call, and were dropped. */
  repeated: number;
  /** Events refused, by their place in the batch. They will never be accepted as they are. */
  rejected: { index: number; reason: string }[];
}

export interface LogOptions {
  now?: Date;
  /** The sender is a simulator: its events count in simulated experiments alone. */
  simulated?: boolean;
  /** How far a sender's clock may run ahead. */
  skewMinutes?: number;
  /** Older events are refused: how long partitions are kept. */
  retentionDays?: number;
}

const minuteMs = 60_000;
const dayMs = 86_400_000;

interface Row extends ParsedEvent {
  index: number;
  day: string;
  /** `occurredAt` in UTC, to the millisecond. */
  at: string;
  receivedAt: Date;
  simulated: boolean;
}

/**
 * Stores a batch of events, each once. One event's fault never costs another: it is rejected by index and reason.
 *
 * Idempotent by `eventId`. A sender repeats an event unchanged, so repeats meet in one day's partition, whose primary
 * key (day, eventId) drops them, also between concurrent calls. An id that comes back under another time, which is a
 * sender's fault, is dropped too where the two are at most a day apart and not in flight together. Returns once
 * PostgreSQL has committed the whole batch as one statement.
 */
export async function logEvents(
  database: Database,
  events: readonly EventInput[],
  { now = new Date(), simulated = false, skewMinutes = 10, retentionDays = 90 }: LogOptions = {},
): Promise<LoggedEvents> {
  const rejected: LoggedEvents['rejected'] = [];
  const wellFormed: Row[] = [];
  const latest = now.getTime() + skewMinutes * minuteMs;
  const earliest = now.getTime() - retentionDays * dayMs;
  for (const [index, event] of events.entries()) {
    const parsed = eventSchema.safeParse(event);
    if (!parsed.success) {
      const { path, message } = parsed.error.issues[0]!;
      rejected.push({ index, reason: path.length > 0 ? `${path.join('.')}: ${message}` : message });
      continue;
    }
    const time = Date.parse(parsed.data.occurredAt);
    if (time > latest) {
      rejected.push({ index, reason: `occurredAt: is more than ${skewMinutes} minutes in the future` });
    } else if (time < earliest) {
      rejected.push({ index, reason: `occurredAt: is older than the ${retentionDays} days that events are kept` });
    } else {
      const at = new Date(time).toISOString();
      wellFormed.push({ ...parsed.data, index, at, day: at.slice(0, 10), receivedAt: now, simulated });
    }
  }

  const currencies = await armCurrencies(database, wellFormed);
  const valid = wellFormed.filter(({ index, experimentId, armId, currency }) => {
    if (experimentId === undefined) return true;
    const expected = currencies.get(`${experimentId} ${armId}`);
    const reason =
      expected === undefined
        ? `armId: experiment ${experimentId} has no arm ${armId}`
        : currency !== undefined && currency !== expected
          ? `currency: is ${currency}, but the experiment counts ${expected}`
          : undefined;
    if (reason !== undefined) rejected.push({ index, reason });
    return reason === undefined;
  });

  const rows = await firstSeen(database, valid);
  const accepted = await insert(database, rows);
  rejected.sort((a, b) => a.index - b.index);
  return { accepted, repeated: valid.length - accepted, rejected };
}

/** The currency of each "experiment arm" pair that the events name and that exists. */
async function armCurrencies({ pool }: Database, events: readonly ParsedEvent[]): Promise<Map<string, string>> {
  const arms = [...new Set(events.flatMap(({ armId }) => armId ?? []))];
  if (arms.length === 0) return new Map();
  const { rows } = await pool.query<{ pair: string; currency: string }>({
    name: 'arm-currencies',
    text: `SELECT e."id" || ' ' || a."id" AS pair, d."currency"
           FROM "Arm" a JOIN "Experiment" e ON e."id" = a."experimentId" JOIN "Dataset" d ON d."id" = e."datasetId"
           WHERE a."id" = ANY($1::uuid[])`,
    values: [arms],
  });
  return new Map(rows.map(({ pair, currency }) => [pair, currency]));
}

/** Leaves out ids that came before under a neighbouring day, in this batch or stored. */
async function firstSeen({ pool }: Database, events: readonly Row[]): Promise<Row[]> {
  const dayOf = new Map<string, string>();
  const rows = events.filter(({ eventId, day }) => {
    const known = dayOf.get(eventId);
    if (known === undefined) dayOf.set(eventId, day);
    return known === undefined;
  });
  const neighbours = new Set<string>();
  for (const day of new Set(dayOf.values())) {
    for (const shift of [-dayMs, 0, dayMs])
      neighbours.add(new Date(Date.parse(day) + shift).toISOString().slice(0, 10));
  }
  if (rows.length === 0) return rows;
  const { rows: stored } = await pool.query<{ eventId: string }>({
    name: 'stored-events',
    text: `SELECT "eventId" FROM "Event" WHERE "day" = ANY($1::date[]) AND "eventId" = ANY($2::uuid[])`,
    values: [[...neighbours], rows.map(({ eventId }) => eventId)],
  });
  const repeated = new Set(stored.map(({ eventId }) => eventId));
  return rows.filter(({ eventId }) => !repeated.has(eventId));
}

/** Columns of "Event" that a sender fills, with their PostgreSQL types. */
const columns: readonly [name: string, type: string, value: (row: Row) => unknown][] = [
  ['day', 'date', ({ day }) => day],
  ['eventId', 'uuid', ({ eventId }) => eventId],
  ['type', 'text', ({ type }) => type],
  ['occurredAt', 'timestamptz', ({ at }) => at],
  ['userId', 'text', ({ userId }) => userId],
  ['itemId', 'text', ({ itemId }) => itemId],
  ['experimentId', 'uuid', ({ experimentId }) => experimentId],
  ['armId', 'uuid', ({ armId }) => armId],
  ['requestId', 'uuid', ({ requestId }) => requestId],
  ['placement', 'text', ({ placement }) => placement ?? ''],
  ['position', 'int', ({ position }) => position],
  ['orderId', 'text', ({ orderId }) => orderId],
  ['quantity', 'int', ({ quantity }) => quantity],
  ['valueMinor', 'bigint', ({ valueMinor }) => valueMinor],
  ['currency', 'text', ({ currency }) => currency],
  ['receivedAt', 'timestamptz', ({ receivedAt }) => receivedAt],
  ['device', 'text', ({ device }) => device ?? ''],
  ['simulated', 'boolean', ({ simulated }) => simulated],
  ['propensity', 'float8', ({ propensity }) => propensity],
];

const insertText = `
  INSERT INTO "Event" (${columns.map(([name]) => `"${name}"`).join(', ')})
  SELECT ${columns.map(([name]) => (name === 'type' ? '"type"::"EventType"' : `"${name}"`)).join(', ')}
  FROM unnest(${columns.map(([, type], i) => `$${i + 1}::${type}[]`).join(', ')})
    AS e(${columns.map(([name]) => `"${name}"`).join(', ')})
  ON CONFLICT ("day", "eventId") DO NOTHING`;

/** Inserts the rows that are not there yet and tells how many those were. */
async function insert(database: Database, rows: readonly Row[]): Promise<number> {
  if (rows.length === 0) return 0;
  await ensureEventPartitions(database, new Set(rows.map(({ day }) => day)));
  // In one order everywhere, so that two calls with the same ids never wait for each other in a circle.
  const ordered = rows.toSorted((a, b) => (a.day + a.eventId < b.day + b.eventId ? -1 : 1));
  const { rowCount } = await database.pool.query({
    name: 'insert-events',
    text: insertText,
    values: columns.map(([, , value]) => ordered.map((row) => value(row) ?? null)),
  });
  return rowCount ?? 0;
}
