import type { Database, EventType } from '@duet/db';
import { ofDataset } from '../fold/fold.ts';

const types = ['impression', 'click', 'cart', 'order'] as const satisfies EventType[];

/** What checks look at: everything is of one dataset, and no event of a simulator is in it. */
export interface HealthFacts {
  now: Date;
  /** Events by type within the last 24 hours, and within the same hours one, two, three and four weeks ago. */
  day: Record<(typeof types)[number], { last: number; before: number[] }>;
  /** Events of all types within the last two hours, and within the same two hours of the four weeks before. */
  twoHours: { last: number; before: number[] };
  /**
   * Of the last 24 hours' events: those of items that the catalogue has not, repeated ones, those whose clock was
   * wrong.
   */
  faults: { events: number; unknown: number; repeated: number; clock: number };
  catalogue: { shown: number; withoutTitle: number; withoutPrice: number; withoutCategory: number };
  /**
   * How often each shown item was seen within the last seven days; days since it was first listed, where that is known.
   */
  seen: { impressions: number; bought: number; category: string; ageDays: number | null }[];
  /** Lists answered within the last 24 hours. */
  answers: { all: number; empty: number; popular: number };
  /**
   * Category, price and device of what was clicked, put into a cart or bought: the last seven days, and the four weeks
   * before.
   */
  drift: { feature: string; value: string; last: number; before: number }[];
  deployed: { name: string; schedule: string | null; timeZone: string; trainedAt: Date }[];
  /** When the last event came, and the first of those that no fold has taken. */
  lastEvent: Date | null;
  unfoldedSince: Date | null;
}

/** Events, `e`, of shoppers of the dataset $1. */
const ofShoppers = `NOT e."simulated" AND ${ofDataset}`;

/** Reads the facts in a few queries, each over an index or the days that it is about. */
export async function readFacts(db: Database, datasetId: string, now: Date): Promise<HealthFacts> {
  const dataset = await db.prisma.dataset.findUniqueOrThrow({
    where: { id: datasetId },
    include: { fold: true, deployments: { include: { registeredModel: { include: { champion: true } } } } },
  });
  const [windows, faults, catalogue, seen, answers, drift, last, unfolded] = await Promise.all([
    readWindows(db, datasetId, now),
    readFaults(db, datasetId, now),
    readCatalogue(db, datasetId),
    readSeen(db, datasetId, now),
    readAnswers(db, datasetId, now),
    readDrift(db, datasetId, now),
    db.pool.query<{ at: Date | null }>(
      `SELECT max(e."receivedAt") AS "at" FROM "Event" e WHERE ${ofShoppers} AND e."day" >= ($2::timestamptz - interval '35 days')::date`,
      [datasetId, now],
    ),
    db.pool.query<{ at: Date | null }>(
      `SELECT min(e."receivedAt") AS "at" FROM "Event" e
       WHERE ${ofShoppers} AND e."device" <> 'bot' AND e."itemId" IS NOT NULL AND e."receivedAt" > $2`,
      [datasetId, dataset.fold?.through ?? new Date(0)],
    ),
  ]);
  return {
    now,
    ...windows,
    faults,
    catalogue,
    seen,
    answers,
    drift,
    deployed: dataset.deployments.flatMap(({ registeredModel: { name, schedule, timeZone, champion } }) =>
      champion === null ? [] : [{ name, schedule, timeZone, trainedAt: champion.createdAt }],
    ),
    lastEvent: last.rows[0]?.at ?? null,
    unfoldedSince: unfolded.rows[0]?.at ?? null,
  };
}

async function readWindows(
  { pool }: Database,
  datasetId: string,
  now: Date,
): Promise<Pick<HealthFacts, 'day' | 'twoHours'>> {
  const { rows } = await pool.query<{ week: number; type: EventType; day: number; hours: number }>(
    `SELECT w."week", e."type", count(*)::int AS "day",
       (count(*) FILTER (WHERE e."receivedAt" > w."end" - interval '2 hours'))::int AS "hours"
     FROM generate_series(0, 4) AS s(week)
     CROSS JOIN LATERAL (SELECT s.week, $2::timestamptz - s.week * interval '7 days' AS "end") w
     JOIN "Event" e ON e."receivedAt" > w."end" - interval '1 day' AND e."receivedAt" <= w."end" AND ${ofShoppers}
     GROUP BY 1, 2`,
    [datasetId, now],
  );
  const count = (week: number, type: EventType) => rows.find((row) => row.week === week && row.type === type)?.day ?? 0;
  const hours = (week: number) => rows.filter((row) => row.week === week).reduce((total, row) => total + row.hours, 0);
  const weeks = [1, 2, 3, 4];
  return {
    day: Object.fromEntries(
      types.map((type) => [type, { last: count(0, type), before: weeks.map((week) => count(week, type)) }]),
    ) as HealthFacts['day'],
    twoHours: { last: hours(0), before: weeks.map(hours) },
  };
}

async function readFaults({ pool }: Database, datasetId: string, now: Date): Promise<HealthFacts['faults']> {
  const { rows } = await pool.query<HealthFacts['faults']>(
    `SELECT count(*)::int AS "events",
       (count(*) FILTER (WHERE e."itemId" IS NOT NULL AND NOT EXISTS
         (SELECT FROM "Item" i WHERE i."datasetId" = $1 AND i."externalId" = e."itemId")))::int AS "unknown",
       (count(*) - count(DISTINCT (e."type", e."userId", e."itemId", e."orderId", e."requestId",
         date_trunc('second', e."occurredAt"))))::int AS "repeated",
       (count(*) FILTER (WHERE e."occurredAt" > e."receivedAt" + interval '5 minutes'
         OR e."occurredAt" < e."receivedAt" - interval '2 days'))::int AS "clock"
     FROM "Event" e
     WHERE ${ofShoppers} AND e."receivedAt" > $2::timestamptz - interval '1 day' AND e."receivedAt" <= $2::timestamptz`,
    [datasetId, now],
  );
  return rows[0]!;
}

async function readCatalogue({ pool }: Database, datasetId: string): Promise<HealthFacts['catalogue']> {
  const { rows } = await pool.query<HealthFacts['catalogue']>(
    `SELECT count(*)::int AS "shown",
       (count(*) FILTER (WHERE "title" = ''))::int AS "withoutTitle",
       (count(*) FILTER (WHERE "priceMinor" IS NULL))::int AS "withoutPrice",
       (count(*) FILTER (WHERE "categoryId" IS NULL))::int AS "withoutCategory"
     FROM "Item" WHERE "datasetId" = $1 AND "withdrawnAt" IS NULL`,
    [datasetId],
  );
  return rows[0]!;
}

async function readSeen({ pool }: Database, datasetId: string, now: Date): Promise<HealthFacts['seen']> {
  const { rows } = await pool.query<HealthFacts['seen'][number]>(
    `SELECT coalesce(s."impressions", 0)::int AS "impressions", coalesce(s."bought", 0)::int AS "bought",
       coalesce(c."name", '') AS "category",
       extract(epoch FROM $2::timestamptz - i."createdAt")::float8 / 86400 AS "ageDays"
     FROM "Item" i LEFT JOIN "Category" c ON c."id" = i."categoryId"
     LEFT JOIN (
       SELECT e."itemId", count(*) FILTER (WHERE e."type" = 'impression') AS "impressions",
         count(*) FILTER (WHERE e."type" = 'order') AS "bought"
       FROM "Event" e WHERE ${ofShoppers} AND e."itemId" IS NOT NULL AND e."type" IN ('impression', 'order')
         AND e."receivedAt" > $2::timestamptz - interval '7 days' AND e."receivedAt" <= $2::timestamptz
       GROUP BY 1) s ON s."itemId" = i."externalId"
     WHERE i."datasetId" = $1 AND i."withdrawnAt" IS NULL`,
    [datasetId, now],
  );
  return rows;
}

async function readAnswers({ pool }: Database, datasetId: string, now: Date): Promise<HealthFacts['answers']> {
  const { rows } = await pool.query<HealthFacts['answers']>(
    `SELECT coalesce(sum("answers"), 0)::int AS "all", coalesce(sum("empty"), 0)::int AS "empty",
       coalesce(sum("answers") FILTER (WHERE "source" = 'popular'), 0)::int AS "popular"
     FROM "AnswerCount" WHERE "datasetId" = $1 AND "at" > $2::timestamptz - interval '1 day' AND "at" <= $2`,
    [datasetId, now],
  );
  return rows[0]!;
}

async function readDrift({ pool }: Database, datasetId: string, now: Date): Promise<HealthFacts['drift']> {
  const { rows } = await pool.query<HealthFacts['drift'][number]>(
    `WITH "Price" AS (
       SELECT "externalId", ntile(10) OVER (ORDER BY "priceMinor")::text AS "band"
       FROM "Item" WHERE "datasetId" = $1 AND "priceMinor" IS NOT NULL),
     "Wanted" AS (
       SELECT e."receivedAt" > $2::timestamptz - interval '7 days' AS "isLast", e."device",
         coalesce(c."name", '') AS "category", coalesce(p."band", '') AS "price"
       FROM "Event" e
       LEFT JOIN "Item" i ON i."datasetId" = $1 AND i."externalId" = e."itemId"
       LEFT JOIN "Category" c ON c."id" = i."categoryId"
       LEFT JOIN "Price" p ON p."externalId" = e."itemId"
       WHERE ${ofShoppers} AND e."type" IN ('click', 'cart', 'order')
         AND e."receivedAt" > $2::timestamptz - interval '35 days' AND e."receivedAt" <= $2::timestamptz)
     SELECT f."feature", f."value", (count(*) FILTER (WHERE "isLast"))::int AS "last",
       (count(*) FILTER (WHERE NOT "isLast"))::int AS "before"
     FROM "Wanted" w CROSS JOIN LATERAL (VALUES ('category', w."category"), ('price', w."price"), ('device', w."device"))
       AS f("feature", "value")
     GROUP BY 1, 2 ORDER BY 1, 2`,
    [datasetId, now],
  );
  return rows;
}
