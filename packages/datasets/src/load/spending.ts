import path from 'node:path';
import { literal, openDuckDb } from '../read/workspace/duckdb.ts';
import type { DatasetContext } from '../write/transaction.ts';
import { folderOf, readMeta } from './dataset.ts';

/**
 * Sums over the users who bought in the last days of a dataset, of orders and of what they are worth, and of products.
 */
export interface Spending {
  days: number;
  users: bigint;
  /** Distinct moments of purchase. */
  orders: bigint;
  ordersSquared: bigint;
  gmvMinor: bigint;
  gmvMinorSquared: bigint;
  gmvMinorOrders: bigint;
  /** GMV up to the quantile. */
  gmvCappedMinor: bigint;
  gmvCappedMinorSquared: bigint;
  /** The quantile of a user's GMV that was asked for. */
  gmvQuantileMinor: number;
}

/**
 * What users bought within each of the windows that end with the dataset's last interaction.
 *
 * @returns the last moment in Unix seconds with one entry a window that the data is long enough for; undefined for a
 * dataset without times, which says nothing of days
 * @throws DuetError `not-found`
 */
export async function spendingOf(
  ctx: DatasetContext,
  datasetId: string,
  { windows, quantile }: { windows: readonly number[]; quantile: number },
): Promise<{ last: number; spending: Spending[] } | undefined> {
  const folder = await folderOf(ctx, datasetId);
  const { clock } = await readMeta(folder);
  if (clock !== 'time') return undefined;
  using database = await openDuckDb(':memory:', folder, { threads: '2' });
  const { connection } = database;
  const rows = async (sql: string) => (await connection.runAndReadAll(sql)).getRowObjectsJS();
  const file = literal(path.join(folder, 'interactions.parquet'));
  const [span] = await rows(`SELECT min(time)::DOUBLE AS first, max(time)::DOUBLE AS last FROM read_parquet(${file})`);
  const { first, last } = span as { first: number; last: number };
  const spending: Spending[] = [];
  for (const days of windows.filter((days) => last - first >= (days - 1) * 86_400)) {
    const [row] = await rows(
      `WITH u AS (
         SELECT count(DISTINCT time)::HUGEINT AS n,
           sum(CASE WHEN isfinite(value_minor) THEN value_minor ELSE 0 END)::HUGEINT AS gmv
         FROM read_parquet(${file}) WHERE time > ${last - days * 86_400} GROUP BY "user"
       ), cap AS (SELECT quantile_disc(gmv, ${quantile}) AS cap FROM u)
       SELECT count(*) AS users, sum(n) AS orders, sum(n * n) AS "ordersSquared",
         sum(gmv) AS "gmvMinor", sum(gmv * gmv) AS "gmvMinorSquared", sum(gmv * n) AS "gmvMinorOrders",
         sum(least(gmv, cap)) AS "gmvCappedMinor", sum(least(gmv, cap) * least(gmv, cap)) AS "gmvCappedMinorSquared",
         max(cap)::DOUBLE AS "gmvQuantileMinor"
       FROM u, cap`,
    );
    spending.push({ days, ...(row as Omit<Spending, 'days'>) });
  }
  return { last, spending };
}
