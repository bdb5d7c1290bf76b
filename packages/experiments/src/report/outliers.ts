import type { Database } from '@duet/db';
import { formatCount, formatMoney, formatPercent, list } from './figures.ts';
import type { Evidence } from './interleaving-conclusion.ts';
import type { OutlierOrder } from './shape.ts';

/** With fewer days of buyers nothing is known of what is usual. */
const fewest = 20;
/** Of the largest so many are told. */
const most = 10;
/** Worth less than this many times the upper quartile, none is extreme, however alike the others are. */
const leastTimes = 10;

/**
 * The orders that stand out, the largest first: where a buyer's day is beyond the outer fence, three times the spread of
 * the quartiles above the upper one (Tukey, Exploratory Data Analysis, 1977, §2D), of the logarithms, as values of
 * orders are skewed; the largest order of that day. Of the newest phase, which alone keeps its users.
 */
export async function readOutliers(
  { pool }: Database,
  experimentId: string,
  currency: string,
): Promise<OutlierOrder[]> {
  const { rows } = await pool.query<OutlierOrder>(
    `WITH "bought" AS MATERIALIZED (
       SELECT d."userId", d."day", u."armId", d."gmvMinor"::float8 AS "value" FROM "RollupUserDay" d
       JOIN "RollupUser" u USING ("experimentId", "userId")
       WHERE d."experimentId" = $1 AND d."category" = '' AND d."gmvMinor" > 0 AND u."status" = 'counted'
     ), "quartile" AS (
       SELECT count(*) AS "days", percentile_cont(0.25) WITHIN GROUP (ORDER BY ln("value")) AS "low",
         percentile_cont(0.75) WITHIN GROUP (ORDER BY ln("value")) AS "high" FROM "bought"
     ), "extreme" AS (
       SELECT "bought".* FROM "bought", "quartile"
       WHERE "days" >= $3 AND ln("value") > "high" + greatest(3 * ("high" - "low"), ln($4::float8))
       ORDER BY "value" DESC LIMIT $5
     )
     SELECT o.*, x."userId", x."armId" FROM "extreme" x CROSS JOIN LATERAL (
       SELECT coalesce(e."orderId", e."eventId"::text) AS "orderId", to_char(min(e."occurredAt") AT TIME ZONE 'UTC',
         'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS "at", sum(e."valueMinor")::float8 AS "valueMinor"
       FROM "Event" e WHERE e."userId" = x."userId" AND e."day" = x."day" AND e."type" = 'order' AND e."currency" = $2
       GROUP BY 1 ORDER BY 3 DESC LIMIT 1) o
     ORDER BY "valueMinor" DESC`,
    [experimentId, currency, fewest, leastTimes, most],
  );
  return rows;
}

/** In a sentence so many are named; the report as JSON has all. */
const named = 3;

/** What a reader has to know of them before acting on money. */
export function outlierSentences({ outliers, arms, currency }: Evidence): string[] {
  if (outliers.length === 0) return [];
  const orderTexts = outliers.slice(0, named).map(({ orderId, userId, armId, valueMinor }) => {
    const arm = arms.find(({ id }) => id === armId);
    const gmvShare =
      arm === undefined || arm.gmvMinor === 0 ? '' : `, ${formatPercent(valueMinor / arm.gmvMinor)} of its GMV`;
    return `${orderId} of user ${userId} (${formatMoney(valueMinor, currency)} in ${arm?.name ?? 'an arm'}${gmvShare})`;
  });
  const further = outliers.length - orderTexts.length;
  const all = further > 0 ? [...orderTexts, `${formatCount(further)} more`] : orderTexts;
  return [
    `${outliers.length === 1 ? 'One order stands' : `${formatCount(outliers.length)} orders stand`} out by value: ${list(all)}. ` +
      'Check what they are before acting on figures of money.',
  ];
}
