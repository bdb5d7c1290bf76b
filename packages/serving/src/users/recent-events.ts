import type { Database } from '@duet/db';
import { currentSnapshot } from '../catalogue/snapshot.ts';

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
  userId: string;
  itemId: string;
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

const nothing: RecentHistory = { items: [], ordered: new Set(), version: 0 };

/**
 * The last clicks, carts and orders of each user, in memory: follows the event log by reading what came since the last
 * look. Simulated events are nobody's.
 */
export class RecentEvents {
  #db: Database;
  #users = new Map<string, UserEvents>(); // in order of the last event
  /** Events that the next look meets again, with the transaction that stored each. */
  #taken = new Map<string, number>();
  /** All events of transactions before this one have been taken. */
  #readTo = 0;
  #version = 0;

  constructor(db: Database) {
    this.#db = db;
  }

  /** A user's history since the data; empty for one who did nothing. */
  of(userId: string): RecentHistory {
    return this.#users.get(userId) ?? nothing;
  }

  /** Takes over what was logged since the last look. @returns how many events that were */
  async follow(): Promise<number> {
    const now = await currentSnapshot(this.#db);
    const { rows } = await this.#db.pool.query<EventRow>(
      `SELECT "eventId", type::text, "userId", "itemId", "ingestedIn"::text::float8 AS "ingestedIn" FROM (
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

  #take({ userId, itemId, type }: EventRow): void {
    const user = this.#users.get(userId) ?? { items: [], ordered: new Set<string>(), version: 0 };
    const at = user.items.indexOf(itemId);
    if (at >= 0) user.items.splice(at, 1);
    user.items.push(itemId);
    if (user.items.length > itemsPerUser) user.items.shift();
    if (type === 'order') user.ordered.add(itemId);
    user.version = ++this.#version;
    this.#users.delete(userId);
    this.#users.set(userId, user);
    if (this.#users.size > keptUsers) this.#users.delete(this.#users.keys().next().value!);
  }
}
