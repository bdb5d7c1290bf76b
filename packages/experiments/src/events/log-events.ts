import { mostKeptDays, parseStorefront } from '@duet/datasets';
import type { Database } from '@duet/db';
import { type EventInput, eventSchema, isFixedType } from './event-schema.ts';
import type { EventRow, EventSink } from './event-writer.ts';

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
  /**
   * The sender's clock as it sent the batch: where it is off by more than a minute, the events' times are put right. A
   * simulator's clock is its own affair.
   */
  sentAt?: Date | undefined;
  /** The sender is a simulator: its events count in simulated experiments alone. */
  simulated?: boolean;
  /**
   * Of the sender's key: events of another dataset's experiments are refused. By default each event's experiment says
   * it.
   */
  datasetId?: string | undefined;
  /** How far an event may lie in the future, after that. */
  skewMinutes?: number;
  /** Older events are refused: how long partitions are kept. */
  retentionDays?: number;
}

const minuteMs = 60_000;
const dayMs = 86_400_000;

/**
 * Stores a batch of events, each once. One event's fault never costs another: it is rejected by index and reason.
 *
 * Idempotent by `eventId`. A sender repeats an event unchanged, so repeats meet in one day's partition, whose primary
 * key (day, eventId) drops them, also between concurrent calls. An id that comes back under another time, which takes
 * a fault or a clock that jumps, is dropped too where the two are at most a day apart and not in flight together; what
 * is left of those, rollups count once.
 *
 * A sender's clock that is wrong is wrong by the same for `sentAt` and for its events, so that the difference from ours
 * corrects them, as in Snowplow's derived timestamp and Segment's. Below a minute it is the network's time, and left
 * alone. Returns once PostgreSQL has committed all that it answers for.
 */
export async function logEvents(
  sink: EventSink,
  events: readonly EventInput[],
  {
    now = new Date(),
    sentAt,
    simulated = false,
    datasetId,
    skewMinutes = 10,
    retentionDays = mostKeptDays,
  }: LogOptions = {},
): Promise<LoggedEvents> {
  const rejected: LoggedEvents['rejected'] = [];
  const wellFormed: (EventRow & { index: number })[] = [];
  const offset = sentAt === undefined || simulated ? 0 : now.getTime() - sentAt.getTime();
  const correction = Math.abs(offset) > minuteMs ? offset : 0;
  const latest = now.getTime() + skewMinutes * minuteMs;
  const earliest = now.getTime() - retentionDays * dayMs;
  const receivedAt = now.toISOString();
  for (const [index, event] of events.entries()) {
    const parsed = eventSchema.safeParse(event);
    if (!parsed.success) {
      const { path, message } = parsed.error.issues[0]!;
      rejected.push({ index, reason: path.length > 0 ? `${path.join('.')}: ${message}` : message });
      continue;
    }
    const time = Date.parse(parsed.data.occurredAt) + correction;
    if (time > latest) {
      rejected.push({ index, reason: `occurredAt: is more than ${skewMinutes} minutes in the future` });
    } else if (time < earliest) {
      rejected.push({ index, reason: `occurredAt: is older than the ${retentionDays} days that events are kept` });
    } else {
      const occurredAt = new Date(time).toISOString();
      const { type } = parsed.data;
      const typed = isFixedType(type) ? { type } : { type: 'own' as const, name: type };
      const when = { occurredAt, day: occurredAt.slice(0, 10), receivedAt };
      wellFormed.push({ ...parsed.data, ...typed, ...when, index, simulated });
    }
  }

  const arms = await armsOf(sink.database, wellFormed);
  const ofDatasets = wellFormed.flatMap((event) => {
    const { index, experimentId, armId, currency } = event;
    if (experimentId === undefined) return [{ ...event, datasetId }];
    const arm = arms.get(`${experimentId} ${armId}`);
    const reason =
      arm === undefined || (datasetId !== undefined && arm.datasetId !== datasetId)
        ? `armId: experiment ${experimentId} has no arm ${armId}`
        : currency !== undefined && currency !== arm.currency
          ? `currency: is ${currency}, but the experiment counts ${arm.currency}`
          : undefined;
    if (reason === undefined) return [{ ...event, datasetId: arm!.datasetId }];
    rejected.push({ index, reason });
    return [];
  });
  const undeclared = await undeclaredOf(sink.database, ofDatasets);
  for (const event of undeclared) {
    const reason = `type: "${event.name}" is no type that the dataset declares (npx duet datasets set --event)`;
    rejected.push({ index: event.index, reason });
  }
  const valid = undeclared.size === 0 ? ofDatasets : ofDatasets.filter((event) => !undeclared.has(event));

  const accepted = await sink.store(valid);
  rejected.sort((a, b) => a.index - b.index);
  return { accepted, repeated: valid.length - accepted, rejected };
}

/** Events of own types that their dataset does not declare; of no dataset those that the only one does not. */
async function undeclaredOf<Row extends EventRow>({ prisma }: Database, events: readonly Row[]): Promise<Set<Row>> {
  const ownEvents = events.filter(({ type }) => type === 'own');
  if (ownEvents.length === 0) return new Set();
  const datasets = await prisma.dataset.findMany({ select: { id: true, storefront: true } });
  const typesOf = new Map(
    datasets.map(({ id, storefront }) => [id, parseStorefront(storefront).eventTypes.map(({ name }) => name)]),
  );
  const only = datasets.length === 1 ? datasets[0]!.id : '';
  return new Set(ownEvents.filter(({ datasetId, name }) => !typesOf.get(datasetId ?? only)?.includes(name!)));
}

interface ArmOfEvent {
  pair: string;
  currency: string;
  datasetId: string;
}

/** The "experiment arm" pairs that the events name and that exist. */
async function armsOf({ pool }: Database, events: readonly EventRow[]): Promise<Map<string, ArmOfEvent>> {
  const arms = [...new Set(events.flatMap(({ armId }) => armId ?? []))];
  if (arms.length === 0) return new Map();
  const { rows } = await pool.query<ArmOfEvent>({
    name: 'arms-of-events',
    text: `SELECT e."id" || ' ' || a."id" AS pair, d."currency", d."id" AS "datasetId"
           FROM "Arm" a JOIN "Experiment" e ON e."id" = a."experimentId" JOIN "Dataset" d ON d."id" = e."datasetId"
           WHERE a."id" = ANY($1::uuid[])`,
    values: [arms],
  });
  return new Map(rows.map((row) => [row.pair, row]));
}
