import autocannon from 'autocannon';
import type { Shop } from './shop.ts';
import { back } from './shop.ts';

/** Connections at capacity, and at three times as many requests. */
const connections = 16;

const quantile = (sorted: readonly number[], q: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;

/** What was answered with 200: how many a second, and how fast. */
async function load({ url, key }: Shop, seconds: number, clients: number, overallRate?: number) {
  const answered: number[] = [];
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${key}` };
  const requests = Array.from({ length: 100 }, (_, user) => ({
    ...{ method: 'POST' as const, path: '/v1/retrieve', headers },
    body: JSON.stringify({ userId: `user-${user}`, k: 20 }),
  }));
  const result = await new Promise<autocannon.Result>((resolve, reject) => {
    const options = { url, connections: clients, duration: seconds, requests, ...(overallRate && { overallRate }) };
    const run = autocannon(options, (error, done) => (error ? reject(error) : resolve(done)));
    run.on('response', (_client, status, _bytes, ms) => {
      if (status === 200) answered.push(ms);
    });
  });
  const sorted = answered.toSorted((a, b) => a - b);
  return { perSecond: answered.length / result.duration, p99: quantile(sorted, 0.99), sent: result.requests.total };
}

/**
 * Three times as many requests as the service answers when it is just busy. The sender shares its cores, so both
 * figures are of a machine that has less for the service at three times the load than at once.
 */
export async function overload(shop: Shop, seconds: number): Promise<Record<string, number>> {
  await load(shop, 1, connections);
  const capacity = await load(shop, seconds, connections);
  const over = await load(shop, seconds, 20 * connections, Math.ceil(3 * capacity.perSecond));
  return {
    seconds: await back(shop, performance.now()),
    capacity_per_second: Math.round(capacity.perSecond),
    good_per_second: Math.round(over.perSecond),
    goodput: Number((over.perSecond / capacity.perSecond).toFixed(3)),
    p99_ratio: Number((over.p99 / capacity.p99).toFixed(2)),
    offered: Number((over.sent / seconds / capacity.perSecond).toFixed(2)),
  };
}
