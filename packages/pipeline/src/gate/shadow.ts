import { createLogger } from '@duet/base';
import type { Database } from '@duet/db';
import type { Executor } from '@duet/models';
import { openServing, type Serving } from '@duet/serving';
import type { GateCheck } from './gate.ts';

interface ShadowContext {
  db: Database;
  dataDir: string;
  executor: Executor;
}

/** A request of a shopper, as far as the event log tells it. */
interface ShopperRequest {
  userId: string;
  placement: string;
}

/** A twentieth of a second more than the champion's slowest twentieth is a machine's, not a model's. */
const spareMs = 50;

/** The newest requests of the last hour, one for each shopper and placement, by the lists that they saw. */
async function askedLately({ pool }: Database, datasetId: string, most: number): Promise<ShopperRequest[]> {
  const { rows } = await pool.query<ShopperRequest>(
    `SELECT "userId", "placement" FROM "Event"
     WHERE "datasetId" = $1 AND "type" = 'impression' AND NOT "simulated" AND "receivedAt" > now() - interval '1 hour'
     GROUP BY 1, 2 ORDER BY max("receivedAt") DESC LIMIT $2`,
    [datasetId, most],
  );
  return rows;
}

/**
 * What a model answered to the requests: the items of each, and the 95th percentile of the time that they took. Each is
 * asked twice and the shorter time counts: what else the machine does at that moment is no model's.
 */
async function answersOf(serving: Serving, datasetId: string, modelId: string, asked: readonly ShopperRequest[]) {
  const lists: string[][] = [];
  const times: number[] = [];
  for (const request of asked) {
    const ask = async () => {
      const started = performance.now();
      const { items } = await serving.retrieve({ ...request, datasetId, modelId, k: 20 });
      return { items, ms: performance.now() - started };
    };
    const [first, second] = [await ask(), await ask()];
    times.push(Math.min(first.ms, second.ms));
    lists.push(first.items.map(({ itemId }) => itemId));
  }
  const slow = times.toSorted((a, b) => a - b)[Math.ceil(0.95 * times.length) - 1]!;
  return { lists, slow, empty: lists.filter(({ length }) => length === 0).length };
}

/**
 * Has a candidate answer what shoppers asked within the last hour, beside the champion, and shows nobody: how long it
 * takes, how many lists are empty, and how much of each the champion's has too. Nothing where nobody asked or there is
 * no champion.
 *
 * @param most requests at most; 0 leaves it out
 */
export async function shadowChecks(
  ctx: ShadowContext,
  {
    datasetId,
    candidate,
    champion,
    overlap,
  }: { datasetId: string; candidate: string; champion: string | null; overlap: number },
  most: number,
): Promise<GateCheck[]> {
  const asked = champion === null || most === 0 ? [] : await askedLately(ctx.db, datasetId, most);
  if (asked.length === 0 || champion === null) return [];
  await using serving = await openServing({ ...ctx, logger: createLogger({ logLevel: 'silent' }, 'shadow') });
  // The first requests read the models: they are not timed.
  for (const modelId of [champion, candidate]) await answersOf(serving, datasetId, modelId, asked.slice(0, 5));
  const before = await answersOf(serving, datasetId, champion, asked);
  const now = await answersOf(serving, datasetId, candidate, asked);
  const limitMs = 2 * before.slow + spareMs;
  const emptyLimit = before.empty + Math.ceil(0.01 * asked.length);
  const common = now.lists.reduce((sum, list, at) => {
    const known = new Set(before.lists[at]);
    return sum + (list.length === 0 ? 0 : list.filter((item) => known.has(item)).length / list.length);
  }, 0);
  const value = common / asked.length;
  const of = `of ${asked.length} requests of the last hour`;
  return [
    {
      ...{ name: 'shadow-latency', passed: now.slow <= limitMs, value: now.slow, limit: limitMs },
      sentence: `95 % ${of} are answered within ${now.slow.toFixed(1)} ms, the champion's within ${before.slow.toFixed(1)} ms.`,
    },
    {
      ...{ name: 'shadow-empty', passed: now.empty <= emptyLimit, value: now.empty, limit: emptyLimit },
      sentence: `${now.empty} ${of} get no item, ${before.empty} by the champion.`,
    },
    {
      ...{ name: 'shadow-overlap', passed: value >= overlap, value, limit: overlap },
      sentence: `${(100 * value).toFixed(1)} % of a list, ${of}, is in the champion's too.`,
    },
  ];
}
