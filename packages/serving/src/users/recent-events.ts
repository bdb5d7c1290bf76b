import { weightsOfEvents } from '@duet/datasets';
import type { Database } from '@duet/db';
import { currentSnapshot } from '../catalogue/snapshot.ts';
import { Activity } from '../lists/activity.ts';

/** What a user did since the data were imported. */
export interface RecentHistory {
  /** Items that were clicked, put into a cart or ordered, each once, oldest first. */
  items: readonly string[];
  /** Those of them that were ordered. */
  ordered: ReadonlySet<string>;
  /** Another number after every change. */
  version: number;
}

interface EventRow {
  eventId: string;
  type: 'click' | 'cart' | 'order';
  /** Null of events that belong to none. */
  datasetId: string | null;
  userId: string;
  itemId: string;
  /** Unix seconds. */
  at: number;
  ingestedIn: number;
}

interface UserEvents extends RecentHistory {
  items: string[];
  ordered: Set<string>;
}

/** Events older than this are expected to be part of the next import. */
const days = 30;
const keptUsers = 100_000;
const itemsPerUser = 50;
/** Read at the start at most, the newest. */
const firstEvents = 200_000;

/** What each event says of an item, where one purchase weighs 1. */
const usualWeights = weightsOfEvents({});

/**
 * The dataset of an event: of one from before events said it that of its experiment, or of no experiment the only one.
 */
const datasetOf = `coalesce(newest."datasetId", CASE WHEN newest."experimentId" IS NULL
    THEN (SELECT id FROM "Dataset" WHERE (SELECT count(*) FROM "Dataset") = 1)
    ELSE (SELECT x."datasetId" FROM "Experiment" x WHERE x.id = newest."experimentId") END)`;

const userKey = (datasetId: string, userId: string) => `${datasetId}\n${userId}`;

const nothing: RecentHistory = { items: [], ordered: new Set(), version: 0 };

/**
 * The last clicks, carts and orders of each user, in memory: follows the event log by reading what came since the last
 * look. Simulated events are nobody's.
 */
export class RecentEvents {
  #db: Database;
  /** By dataset and user, in order of the last event. */
  #users = new Map<string, UserEvents>();
  #activity = new Map<string, Activity>();
  /** Events that the next look meets again, with the transaction that stored each. */
  #taken = new Map<string, number>();
  /** All events of transactions before this one have been taken. */
  #readTo = 0;
  #version = 0;

  constructor(db: Database) {
    this.#db = db;
  }

  /** What a user of a dataset did since the data; nothing of another dataset's user who is called alike. */
  of(datasetId: string, userId: string): RecentHistory {
    return this.#users.get(userKey(datasetId, userId)) ?? nothing;
  }

  /** What happened to the items of a dataset; undefined where nothing did. */
  activity(datasetId: string): Activity | undefined {
    return this.#activity.get(datasetId);
  }

  /** Takes over what was logged since the last look. @returns how many events that were */
  async follow(): Promise<number> {
    const now = await currentSnapshot(this.#db);
    const { rows } = await this.#db.pool.query<EventRow>(
      `SELECT "eventId", type::text, ${datasetOf} AS "datasetId", "userId", "itemId",
         extract(epoch FROM "occurredAt")::float8 AS at, "ingestedIn"::text::float8 AS "ingestedIn" FROM (
         SELECT * FROM "Event"
         WHERE "ingestedIn" >= $1::text::xid8 AND day >= (now() - make_interval(days => $2))::date
           AND type IN ('click', 'cart', 'order') AND "itemId" IS NOT NULL AND NOT simulated
         ORDER BY "receivedAt" DESC LIMIT $3) newest
       ORDER BY "occurredAt"`,
      [String(this.#readTo), days, firstEvents],
    );
    this.#readTo = now.xmin;
    let taken = 0;
    for (const row of rows) {
      if (this.#taken.has(row.eventId)) continue;
      this.#taken.set(row.eventId, row.ingestedIn);
      this.#take(row);
      taken++;
    }
    for (const [id, ingestedIn] of this.#taken) if (ingestedIn < this.#readTo) this.#taken.delete(id);
    return taken;
  }

  #take({ datasetId, userId, itemId, type, at: seconds }: EventRow): void {
    if (datasetId === null) return;
    const activity = this.#activity.get(datasetId) ?? new Activity();
    activity.add(itemId, seconds, usualWeights[type]);
    this.#activity.set(datasetId, activity);
    const key = userKey(datasetId, userId);
    const user = this.#users.get(key) ?? { items: [], ordered: new Set<string>(), version: 0 };
    const at = user.items.indexOf(itemId);
    if (at >= 0) user.items.splice(at, 1);
    user.items.push(itemId);
    if (user.items.length > itemsPerUser) user.items.shift();
    if (type === 'order') user.ordered.add(itemId);
    user.version = ++this.#version;
    this.#users.delete(key);
    this.#users.set(key, user);
    if (this.#users.size > keptUsers) this.#users.delete(this.#users.keys().next().value!);
  }
}
