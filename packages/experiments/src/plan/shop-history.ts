import { DuetError } from '@duet/base';
import { spendingOf } from '@duet/datasets';
import type { Database } from '@duet/db';
import { deltaRatio, momentsFromSums } from '@duet/statistics';
import { metrics as duetMetrics, type Metric } from '../metrics/experiment-metrics.ts';
import type { HistoryWindow, ShopHistory } from './power-plan.ts';

/** Lengths of the windows that history is cut into: up to a quarter of a year. */
const windowDays = [1, 2, 3, 5, 7, 10, 14, 21, 28, 42, 56, 91];
/** Events are history once they span a week with this many users; until then the dataset's purchases are. */
const leastUsers = 100;
const dayMs = 86_400_000;

const measured = ['impressions', 'clicks', 'carts', 'orders', 'buyers', 'gmvMinor', 'gmvCappedMinor'] as const;
type Measured = (typeof measured)[number];

/** Sums and products over a window's users; undefined for what the source does not know. */
interface WindowSums {
  days: number;
  users: bigint;
  gmvQuantileMinor: number;
  sum(measure: Measured): bigint | undefined;
  product(a: Measured, b: Measured): bigint | undefined;
}

/** The value and the users' variance of each metric that the sums determine. */
function windowOf(
  { days, users, gmvQuantileMinor, sum, product }: WindowSums,
  metrics: readonly Metric[],
): HistoryWindow {
  const found = metrics.flatMap(({ key, numerator, denominator }) => {
    const [a, b] = [numerator as Measured, denominator as Measured | 'users'];
    const [x, xx] = [sum(a), product(a, a)];
    const [y, yy, xy] = b === 'users' ? [users, users, x] : [sum(b), product(b, b), product(a, b)];
    if (x === undefined || xx === undefined || y === undefined || yy === undefined || xy === undefined) return [];
    const estimate = deltaRatio(momentsFromSums({ n: users, x, y, xx, yy, xy }));
    // What is the same for everybody, such as the share of buyers among buyers, is no history of a metric.
    if (estimate === undefined || estimate.variance === 0) return [];
    return [[key, { mean: estimate.value, variance: estimate.variance * estimate.n }] as const];
  });
  return { days, users: Number(users), metrics: Object.fromEntries(found), gmvQuantileMinor };
}

const sumsText = `
  WITH "counted" AS MATERIALIZED (
    SELECT count(*) FILTER (WHERE "type" = 'impression') AS "impressions",
      count(*) FILTER (WHERE "type" = 'click') AS "clicks", count(*) FILTER (WHERE "type" = 'cart') AS "carts",
      count(DISTINCT coalesce("orderId", "eventId"::text)) FILTER (WHERE "type" = 'order' AND "currency" = $3) AS "orders",
      coalesce(sum("valueMinor") FILTER (WHERE "type" = 'order' AND "currency" = $3), 0) AS "gmvMinor"
    FROM "Event" WHERE "day" >= $1::timestamptz::date AND "occurredAt" > $1 AND "occurredAt" <= $2 AND NOT "simulated"
    GROUP BY "userId"
  ), "cap" AS (
    SELECT percentile_disc($4::float8) WITHIN GROUP (ORDER BY "gmvMinor") AS "gmvMinor" FROM "counted"
  )
  SELECT count(*)::text AS "users", (SELECT coalesce("gmvMinor", 0)::text FROM "cap") AS "quantile",
    ${measured.map((a) => `coalesce(sum("${a}"), 0)::text AS "${a}"`).join(', ')},
    ${measured.flatMap((a) => measured.map((b) => `coalesce(sum("${a}" * "${b}"), 0)::text AS "${a} ${b}"`)).join(', ')}
  FROM (
    SELECT c.*, (c."orders" > 0)::int AS "buyers", least(c."gmvMinor", "cap"."gmvMinor") AS "gmvCappedMinor"
    FROM "counted" c, "cap"
  ) AS "perUser"`;

async function fromEvents(
  { prisma, pool }: Database,
  datasetId: string,
  metrics: readonly Metric[],
  { quantile, now }: { quantile: number; now: Date },
): Promise<ShopHistory | undefined> {
  const { currency } = await prisma.dataset.findUniqueOrThrow({ where: { id: datasetId }, select: { currency: true } });
  const first = await pool.query<{ at: Date | null }>(
    'SELECT min("occurredAt") AS at FROM "Event" WHERE NOT "simulated" AND "day" = (SELECT min("day") FROM "Event" WHERE NOT "simulated")',
  );
  const at = first.rows[0]?.at?.getTime() ?? now.getTime();
  const span = (now.getTime() - at) / dayMs;
  if (span < 7) return undefined;
  const windows: HistoryWindow[] = [];
  for (const days of windowDays.filter((days) => days <= span)) {
    const from = new Date(now.getTime() - days * dayMs);
    const { rows } = await pool.query<Record<string, string>>(sumsText, [
      ...[from.toISOString(), now.toISOString(), currency, quantile],
    ]);
    const row = rows[0]!;
    const read = (name: string) => (row[name] === undefined ? undefined : BigInt(row[name]));
    const sums = {
      ...{ days, users: read('users')!, gmvQuantileMinor: Number(row.quantile) },
      ...{ sum: (a: Measured) => read(a), product: (a: Measured, b: Measured) => read(`${a} ${b}`) },
    };
    windows.push(windowOf(sums, metrics));
  }
  if (windows.at(-1)!.users < leastUsers) return undefined;
  return { source: 'events', until: now.toISOString(), windows };
}

async function fromInteractions(
  ctx: { db: Database; dataDir: string },
  datasetId: string,
  metrics: readonly Metric[],
  quantile: number,
): Promise<ShopHistory | undefined> {
  const found = await spendingOf(ctx, datasetId, { windows: windowDays, quantile }).catch((error) => {
    // A dataset whose files are elsewhere has experiments all the same.
    if (error instanceof DuetError && error.code === 'not-found') return undefined;
    throw error;
  });
  if (found === undefined || found.spending.length === 0) return undefined;
  const windows = found.spending.map((one) => {
    const sums: Partial<Record<string, bigint>> = {
      ...{ orders: one.orders, gmvMinor: one.gmvMinor, gmvCappedMinor: one.gmvCappedMinor },
    };
    const products: Partial<Record<string, bigint>> = {
      'orders orders': one.ordersSquared,
      'gmvMinor gmvMinor': one.gmvMinorSquared,
      'gmvMinor orders': one.gmvMinorOrders,
      'gmvCappedMinor gmvCappedMinor': one.gmvCappedMinorSquared,
    };
    return windowOf({ ...one, sum: (a) => sums[a], product: (a, b) => products[`${a} ${b}`] }, metrics);
  });
  return { source: 'interactions', until: new Date(found.last * 1000).toISOString(), windows };
}

/**
 * What a shop's users did in its own past, window by window: how many come, and how each metric varies between them.
 * From its events, simulated ones aside, once they span a week with a hundred users; else from the dataset's purchases,
 * which know buyers alone and neither impressions nor clicks.
 */
export async function shopHistory(
  { db, dataDir }: { db: Database; dataDir: string },
  datasetId: string,
  {
    quantile = 0.999,
    now = new Date(),
    metrics = duetMetrics,
  }: { quantile?: number; now?: Date; metrics?: readonly Metric[] } = {},
): Promise<ShopHistory> {
  return (
    (await fromEvents(db, datasetId, metrics, { quantile, now })) ??
    (await fromInteractions({ db, dataDir }, datasetId, metrics, quantile)) ?? {
      ...{ source: 'none', until: null, windows: [] },
    }
  );
}
