import { readFile } from 'node:fs/promises';
import { DuetError } from '@duet/base';
import { z } from 'zod';
import { measures } from './measures.ts';

const metric = z.strictObject({
  key: z.string().regex(/^[a-z][A-Za-z0-9]{0,49}$/, 'must be a name such as gmvPerUser'),
  /** As it stands in a sentence. */
  title: z.string().trim().min(1).max(100),
  /** A share, a number, or money in minor units. */
  unit: z.enum(['share', 'count', 'minor']),
  /** Which way is better. */
  direction: z.enum(['up', 'down']),
  numerator: z.enum(measures),
  /** A ratio of sums; over `users` it is a mean per user. */
  denominator: z.enum(['users', ...measures]),
});

export type Metric = z.output<typeof metric>;

/** Every metric of a report. A new one is one line here, or in the file that `DUET_METRICS` names. */
export const metrics = [
  {
    key: 'ctr',
    title: 'click-through rate',
    unit: 'share',
    direction: 'up',
    numerator: 'clicks',
    denominator: 'impressions',
  },
  {
    key: 'gmvPerUser',
    title: 'GMV per user',
    unit: 'minor',
    direction: 'up',
    numerator: 'gmvMinor',
    denominator: 'users',
  },
  {
    key: 'gmvCappedPerUser',
    title: 'GMV per user, capped',
    unit: 'minor',
    direction: 'up',
    numerator: 'gmvCappedMinor',
    denominator: 'users',
  },
  {
    key: 'gmvPerExposure',
    title: 'GMV per exposure',
    unit: 'minor',
    direction: 'up',
    numerator: 'gmvMinor',
    denominator: 'impressions',
  },
  {
    key: 'netPerUser',
    title: 'revenue per user net of refunds',
    unit: 'minor',
    direction: 'up',
    numerator: 'netMinor',
    denominator: 'users',
  },
  {
    key: 'conversion',
    title: 'share of users who order',
    unit: 'share',
    direction: 'up',
    numerator: 'buyers',
    denominator: 'users',
  },
  {
    key: 'ordersPerUser',
    title: 'orders per user',
    unit: 'count',
    direction: 'up',
    numerator: 'orders',
    denominator: 'users',
  },
  {
    key: 'averageOrderValue',
    title: 'average order value',
    unit: 'minor',
    direction: 'up',
    numerator: 'gmvMinor',
    denominator: 'orders',
  },
  {
    key: 'unitsPerOrder',
    title: 'units per order',
    unit: 'count',
    direction: 'up',
    numerator: 'units',
    denominator: 'orders',
  },
  {
    key: 'refundRate',
    title: 'share of GMV refunded',
    unit: 'share',
    direction: 'down',
    numerator: 'refundMinor',
    denominator: 'gmvMinor',
  },
  {
    key: 'cartRate',
    title: 'add-to-carts per exposure',
    unit: 'share',
    direction: 'up',
    numerator: 'carts',
    denominator: 'impressions',
  },
  {
    key: 'clicksPerUser',
    title: 'clicks per user',
    unit: 'count',
    direction: 'up',
    numerator: 'clicks',
    denominator: 'users',
  },
  {
    key: 'impressionsPerUser',
    title: 'exposures per user',
    unit: 'count',
    direction: 'up',
    numerator: 'impressions',
    denominator: 'users',
  },
] as const satisfies readonly Metric[];

/**
 * Duet's metrics and a shop's own.
 *
 * @param file JSON, a list of objects as in {@link metrics}; only Duet's where it is left out
 * @throws DuetError `bad-input` naming the file and what is wrong in it
 */
export async function readMetrics(file?: string): Promise<readonly Metric[]> {
  if (file === undefined) return metrics;
  const fix = `DUET_METRICS names a JSON file such as [${JSON.stringify(metrics[0])}]. Measures are ${measures.join(', ')}.`;
  const text = await readFile(file, 'utf8').catch((cause) => {
    throw new DuetError('bad-input', `The metrics cannot be read: ${cause.message}.`, { where: { file }, fix, cause });
  });
  const json = (() => {
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw new DuetError('bad-input', `The metrics are no JSON: ${(cause as Error).message}.`, {
        where: { file },
        fix,
        cause,
      });
    }
  })();
  const parsedMetrics = z.array(metric).safeParse(json);
  if (!parsedMetrics.success) {
    const { path, message } = parsedMetrics.error.issues[0]!;
    throw new DuetError('bad-input', `${message}.`, { where: { file, field: path.join('.') }, fix });
  }
  const all = [...metrics, ...parsedMetrics.data];
  const twice = all.find(({ key }, i) => all.findIndex((other) => other.key === key) !== i);
  if (twice) throw new DuetError('bad-input', `There are two metrics "${twice.key}".`, { where: { file }, fix });
  return all;
}
