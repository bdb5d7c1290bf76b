import type { Database } from '@duet/db';

/** What an arm served, beside what its users did with it. */
export interface Served {
  /** Distinct items that it has shown, of `catalogue` items: excluded users and machines included. */
  itemsShown: number;
  catalogue: number;
  /** How long `retrieve` took, to 5 %; null where no answer was timed. */
  latencyMs: { p50: number; p95: number; p99: number } | null;
}

/** Upper edges of the histogram's buckets are a tenth of a ms times the powers of this: a bucket is right to 5 %. */
const growth = 1.1;
const finestMs = 0.1;
const bucketOf = (ms: number) => Math.max(0, Math.ceil(Math.log(ms / finestMs) / Math.log(growth)));
const middleOf = (bucket: number) => finestMs * growth ** (bucket - 0.5);

/**
 * Each arm's coverage in a phase, the newest by default, and its latency in all. An arm that showed nothing has zeros.
 */
export async function readServed(
  { pool }: Database,
  experimentId: string,
  { phase }: { phase?: number } = {},
): Promise<Map<string, Served>> {
  const { rows } = await pool.query<{ armId: string; shown: number; catalogue: number; buckets: [number, number][] }>(
    `SELECT a."id" AS "armId",
       (SELECT count(*)::int FROM "RollupItem" r
        WHERE r."experimentId" = e."id" AND r."phase" = coalesce($2, e."phase") AND r."armId" = a."id") AS "shown",
       (SELECT count(*)::int FROM "Item" i WHERE i."datasetId" = e."datasetId") AS "catalogue",
       (SELECT coalesce(json_agg(json_build_array(l."bucket", l."count") ORDER BY l."bucket"), '[]')
        FROM "ServedLatency" l WHERE l."armId" = a."id") AS "buckets"
     FROM "Arm" a JOIN "Experiment" e ON e."id" = a."experimentId" WHERE e."id" = $1`,
    [experimentId, phase ?? null],
  );
  return new Map(
    rows.map(({ armId, shown, catalogue, buckets }) => [
      armId,
      { itemsShown: shown, catalogue, latencyMs: quantiles(buckets) },
    ]),
  );
}

function quantiles(buckets: readonly [bucket: number, count: number][]): Served['latencyMs'] {
  const total = buckets.reduce((sum, [, count]) => sum + count, 0);
  if (total === 0) return null;
  const at = (share: number) => {
    let below = 0;
    for (const [bucket, count] of buckets) {
      below += count;
      if (below >= share * total) return middleOf(bucket);
    }
    return middleOf(buckets.at(-1)![0]);
  };
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}

export interface LatencyLog extends AsyncDisposable {
  /** Notes that `retrieve` took this long for the arm. Never waits and never throws. */
  record(armId: string, ms: number): void;
  /** Writes what was noted. Doing so is also what disposing does. */
  flush(): Promise<void>;
}

/**
 * A histogram of `retrieve`'s time for each arm, kept here and added to the database's every `everyMs`: a process that
 * is killed takes its last seconds along, which is what a measure of speed may cost.
 */
export function openLatencyLog(
  { pool }: Database,
  { everyMs = 5_000, onError }: { everyMs?: number; onError: (error: unknown) => void },
): LatencyLog {
  let noted = new Map<string, number>();
  const flush = async () => {
    if (noted.size === 0) return;
    const rows = [...noted].map(([key, count]) => [...key.split(' '), count]);
    noted = new Map();
    // An arm may be gone by now, with its experiment.
    await pool.query(
      `INSERT INTO "ServedLatency" AS s ("armId", "bucket", "count")
       SELECT l.* FROM unnest($1::uuid[], $2::int[], $3::bigint[]) AS l("armId", "bucket", "count")
       JOIN "Arm" a ON a."id" = l."armId" ORDER BY l."armId", l."bucket"
       ON CONFLICT ("armId", "bucket") DO UPDATE SET "count" = s."count" + excluded."count"`,
      [0, 1, 2].map((column) => rows.map((row) => row[column])),
    );
  };
  const timer = setInterval(() => flush().catch(onError), everyMs);
  timer.unref();
  return {
    record(armId, ms) {
      const key = `${armId} ${bucketOf(ms)}`;
      noted.set(key, (noted.get(key) ?? 0) + 1);
    },
    flush,
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await flush().catch(onError);
    },
  };
}
