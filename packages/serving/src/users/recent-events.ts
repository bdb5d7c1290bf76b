import { inSlices } from '@duet/base';
import { meaningOfEvents } from '@duet/datasets';
import { type Database, fingerprintOf, recentErasures } from '@duet/db';
import { currentSnapshot } from '../catalogue/snapshot.ts';
import type { Plan } from '../lifecycle/plan.ts';
import { Activity } from '../lists/activity.ts';

/** What a user did since the data were imported. */
export interface RecentHistory {
  /** Items that were clicked, put into a cart or ordered, each once, oldest first. */
  items: readonly string[];
  /** Those of them that were ordered, or that an event of an own type hides. */
  ordered: ReadonlySet<string>;
  /** What they said they do not want. */
  disliked: ReadonlySet<string>;
  /** How often each item was shown since they last clicked it, where that is counted. */
  shown: ReadonlyMap<string, number>;
  /** Another number after every change. */
  version: number;
}

interface EventRow {
  eventId: string;
  type: 'impression' | 'click' | 'cart' | 'order' | 'dislike' | 'own';
  name: string;
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
  disliked: Set<string>;
  shown: Map<string, number>;
}

/** Events older than this are expected to be part of the next import. */
const days = 30;
const keptUsers = 100_000;
const itemsPerUser = 50;
const shownPerUser = 500;
/** Erasures are looked for so far back: a service that reached no database for longer has been started anew. */
const erasureMinutes = 60;
/** Read at the start at most, the newest. */
const firstEvents = 200_000;

/**
 * The dataset of an event: of one from before events said it that of its experiment, or of no experiment the only one.
 */
const datasetOf = `coalesce(newest."datasetId", CASE WHEN newest."experimentId" IS NULL
    THEN (SELECT id FROM "Dataset" WHERE (SELECT count(*) FROM "Dataset") = 1)
    ELSE (SELECT x."datasetId" FROM "Experiment" x WHERE x.id = newest."experimentId") END)`;

const userKey = (datasetId: string, userId: string) => `${datasetId}\n${userId}`;

const nothing: RecentHistory = { items: [], ordered: new Set(), disliked: new Set(), shown: new Map(), version: 0 };

/**
 * The last clicks, carts, orders, dislikes and own events of each user, in memory: follows the event log by reading
 * what came since the last look. Simulated events are nobody's. Impressions are counted where something asks for it.
 */
export class RecentEvents {
  #db: Database;
  #plan: () => Pick<Plan, 'storefront' | 'experiments'>;
  /** By dataset and user, in order of the last event. */
  #users = new Map<string, UserEvents>();
  #activity = new Map<string, Activity>();
  /** By dataset and user, of those who logged in. */
  #kept = new Map<string, KeptArms>();
  /** Events that the next look meets again, with the transaction that stored each. */
  #taken = new Map<string, number>();
  /** All events of transactions before this one have been taken. */
  #readTo = 0;
  #version = 0;
  /** Erasures that have been followed. */
  #forgotten = new Set<string>();

  /** @param plan as of the last look: what own events mean, and of which datasets impressions are counted */
  constructor(db: Database, plan: () => Pick<Plan, 'storefront' | 'experiments'>) {
    this.#db = db;
    this.#plan = plan;
  }

  /** What a user of a dataset did since the data; nothing of another dataset's user who is called alike. */
  of(datasetId: string, userId: string): RecentHistory {
    return this.#users.get(userKey(datasetId, userId)) ?? nothing;
  }

  /** What happened to the items of a dataset; undefined where nothing did. */
  activity(datasetId: string): Activity | undefined {
    return this.#activity.get(datasetId);
  }

  /** Arms that a user keeps from before a log-in, by experiment; undefined where there are none. */
  keptArms(datasetId: string, userId: string): KeptArms | undefined {
    return this.#kept.get(userKey(datasetId, userId));
  }

  /** Joins what came before a log-in to its user; what the log had of it, it has as the user's by now. */
  async #followAliases(): Promise<void> {
    const { rows } = await this.#db.pool.query<AliasRow>(
      `SELECT "datasetId", "anonymousId", "userId", arms FROM "UserAlias"
       WHERE "mergedIn" >= $1::text::xid8 AND ($1::text <> '0' OR arms <> '{}'::jsonb) ORDER BY at DESC LIMIT $2`,
      [String(this.#readTo), keptUsers],
    );
    for (const { datasetId, anonymousId, userId, arms } of rows.reverse()) {
      const key = userKey(datasetId, userId);
      if (Object.keys(arms).length > 0) this.#kept.set(key, arms);
      if (this.#kept.size > keptUsers) this.#kept.delete(this.#kept.keys().next().value!);
      const before = this.#users.get(userKey(datasetId, anonymousId));
      if (before === undefined) continue;
      this.#users.delete(userKey(datasetId, anonymousId));
      const user = this.#userOf(key);
      user.items = [...new Set([...user.items, ...before.items].reverse())].reverse().slice(-itemsPerUser);
      for (const itemId of before.ordered) user.ordered.add(itemId);
      for (const itemId of before.disliked) user.disliked.add(itemId);
      for (const [itemId, times] of before.shown) user.shown.set(itemId, (user.shown.get(itemId) ?? 0) + times);
      user.version = ++this.#version;
    }
  }

  /** Lets go of those who were forgotten. What is remembered names nobody otherwise, so each name is looked at. */
  async #followErasures(): Promise<void> {
    const recent = await recentErasures(this.#db, erasureMinutes);
    const fresh = new Set([...recent].flatMap(([id, fingerprint]) => (this.#forgotten.has(id) ? [] : fingerprint)));
    this.#forgotten = new Set(recent.keys());
    if (fresh.size === 0) return;
    const keys = [...new Set([...this.#users.keys(), ...this.#kept.keys()])];
    await inSlices(keys.length, (from, to) => {
      for (const key of keys.slice(from, to)) {
        const end = key.indexOf('\n');
        if (!fresh.has(fingerprintOf({ datasetId: key.slice(0, end), userId: key.slice(end + 1) }))) continue;
        this.#users.delete(key);
        this.#kept.delete(key);
      }
    });
  }

  /** Takes over what was logged since the last look. @returns how many events that were */
  async follow(): Promise<number> {
    const now = await currentSnapshot(this.#db);
    const plan = this.#plan();
    const meanings = new Map(
      Object.entries(plan.storefront).map(([id, { eventTypes }]) => [id, meaningOfEvents({}, eventTypes)]),
    );
    const { rows } = await this.#db.pool.query<EventRow>(
      `SELECT "eventId", type::text, name, ${datasetOf} AS "datasetId", "userId", "itemId",
         extract(epoch FROM "occurredAt")::float8 AS at, "ingestedIn"::text::float8 AS "ingestedIn" FROM (
         SELECT * FROM "Event"
         WHERE "ingestedIn" >= $1::text::xid8 AND day >= (now() - make_interval(days => $2))::date
           AND (type IN ('click', 'cart', 'order', 'dislike', 'own') OR type = 'impression' AND "datasetId" = ANY($4::uuid[]))
           AND "itemId" IS NOT NULL AND NOT simulated
         ORDER BY "receivedAt" DESC LIMIT $3) newest
       ORDER BY "occurredAt"`,
      [String(this.#readTo), days, firstEvents, countingDatasets(plan)],
    );
    let taken = 0;
    for (const row of rows) {
      if (this.#taken.has(row.eventId)) continue;
      this.#taken.set(row.eventId, row.ingestedIn);
      this.#take(row, meanings.get(row.datasetId ?? '') ?? usual);
      taken++;
    }
    await this.#followAliases();
    await this.#followErasures();
    this.#readTo = now.xmin;
    for (const [id, ingestedIn] of this.#taken) if (ingestedIn < this.#readTo) this.#taken.delete(id);
    return taken;
  }

  #take({ datasetId, userId, itemId, type, name, at: seconds }: EventRow, meaningOf: MeaningOf): void {
    if (datasetId === null) return;
    const user = this.#userOf(userKey(datasetId, userId));
    if (type === 'impression') {
      user.shown.set(itemId, (user.shown.get(itemId) ?? 0) + 1);
      if (user.shown.size > shownPerUser) user.shown.delete(user.shown.keys().next().value!);
      return;
    }
    const { weight, hides } = meaningOf(type, name);
    if (weight > 0) this.#activityOf(datasetId).add(itemId, seconds, weight);
    const at = user.items.indexOf(itemId);
    if (at >= 0) user.items.splice(at, 1);
    user.shown.delete(itemId);
    user.version = ++this.#version;
    if (weight < 0) {
      user.disliked.add(itemId);
      return;
    }
    // Whoever buys what they did not want has changed their mind.
    if (type === 'cart' || type === 'order') user.disliked.delete(itemId);
    if (hides) user.ordered.add(itemId);
    if (weight === 0) return;
    user.items.push(itemId);
    if (user.items.length > itemsPerUser) user.items.shift();
  }

  #activityOf(datasetId: string): Activity {
    const activity = this.#activity.get(datasetId) ?? new Activity();
    this.#activity.set(datasetId, activity);
    return activity;
  }

  /** A user's events, as of the user who did something last. */
  #userOf(key: string): UserEvents {
    const none = {
      items: [],
      ordered: new Set<string>(),
      disliked: new Set<string>(),
      shown: new Map<string, number>(),
    };
    const user = this.#users.get(key) ?? { ...none, version: 0 };
    this.#users.delete(key);
    this.#users.set(key, user);
    if (this.#users.size > keptUsers) this.#users.delete(this.#users.keys().next().value!);
    return user;
  }
}

/** By experiment: the arm, and the phase that it is of. */
export type KeptArms = Readonly<Record<string, { armId: string; phase: number }>>;

interface AliasRow {
  datasetId: string;
  anonymousId: string;
  userId: string;
  arms: KeptArms;
}

type MeaningOf = ReturnType<typeof meaningOfEvents>;
const usual = meaningOfEvents({});

/** Datasets whose impressions are counted: by their own setting, or an arm's. */
function countingDatasets({ storefront, experiments }: Pick<Plan, 'storefront' | 'experiments'>): string[] {
  const bySetting = Object.entries(storefront).flatMap(([id, { demoteAfter }]) => (demoteAfter > 0 ? id : []));
  const arms = experiments.flatMap(({ datasetId, arms: of }) =>
    of.some(({ settings }) => ((settings as { demoteAfter?: number }).demoteAfter ?? 0) > 0) ? datasetId : [],
  );
  return [...new Set([...bySetting, ...arms])];
}
