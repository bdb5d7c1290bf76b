/**
 * `npm run bench:lists`: what the lists that need no model are worth on real purchases (online-retail). Trending and
 * popular lists of 20 are made at the beginning of each of the last eight weeks' days and judged by that day's
 * purchases; what is bought together by the rest of each of those weeks' baskets, from an item of it. Baselines:
 * all-time best sellers, plain counts of pairs, lift without support. `--quick` takes the last two weeks.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { type Interactions, loadInteractions } from '@duet/datasets';
import { createTestDatabase } from '@duet/db/testing';
import { seededRng } from '@duet/random';
import { boughtTogether, type ListData, pairsOf, popularIn, trendingIn } from '@duet/serving/lists';
import { benchData, type Results, runBench, say, table } from './bench.ts';
import { readPlan } from './quality/plan.ts';
import { importPlanned } from './quality/train-all.ts';

interface Hits {
  method: string;
  metric: string;
  value: number;
  low: number;
  high: number;
  n: number;
}

interface ListResults extends Results {
  rows: Hits[];
}

const daySeconds = 86_400;
const k = 20;

/** The dataset as it was before a moment. */
function before(x: Interactions, moment: number): ListData {
  const rowsBefore: number[] = [];
  for (let row = 0; row < x.user.length; row++) if (x.time[row]! < moment) rowsBefore.push(row);
  const userStart = new Int32Array(x.users.length + 1);
  const popularity = new Int32Array(x.items.length);
  for (const row of rowsBefore) {
    userStart[x.user[row]! + 1]!++;
    popularity[x.item[row]!]!++;
  }
  for (let u = 0; u < x.users.length; u++) userStart[u + 1]! += userStart[u]!;
  const interactions = {
    ...{ users: x.users, items: x.items, weight: new Float32Array(), valueMinor: new Float64Array() },
    user: Int32Array.from(rowsBefore, (row) => x.user[row]!),
    item: Int32Array.from(rowsBefore, (row) => x.item[row]!),
    time: Float64Array.from(rowsBefore, (row) => x.time[row]!),
  };
  const rowOf = new Map(x.items.map((id, row) => [id, row]));
  const listedAt = new Float64Array(x.items.length).fill(Number.NaN);
  return { interactions, userStart, timed: true, facts: { popularity }, catalogue: { ids: x.items, rowOf, listedAt } };
}

/** The baskets of [from, to): a user's distinct items of one moment. */
function basketsIn(x: Interactions, from: number, to: number): number[][] {
  const baskets = new Map<string, Set<number>>();
  for (let row = 0; row < x.user.length; row++) {
    if (x.time[row]! < from || x.time[row]! >= to) continue;
    const key = `${x.user[row]} ${x.time[row]}`;
    const basket = baskets.get(key) ?? new Set<number>();
    baskets.set(key, basket.add(x.item[row]!));
  }
  return [...baskets.values()].map((basket) => [...basket]);
}

const top = (found: readonly { item: number }[]): Set<number> => new Set(found.slice(0, k).map(({ item }) => item));

/** Means of 0 and 1 with Wald intervals, by method. */
function summary(metric: string, hits: Map<string, number[]>): Hits[] {
  return Array.from(hits, ([method, values]) => {
    const value = values.reduce((sum, hit) => sum + hit, 0) / values.length;
    const half = 1.96 * Math.sqrt((value * (1 - value)) / values.length);
    return { method, metric, value, low: value - half, high: value + half, n: values.length };
  });
}

function judge(hits: Map<string, number[]>, method: string, list: Set<number>, targets: readonly number[]): void {
  const all = hits.get(method) ?? [];
  hits.set(method, all);
  all.push(Number(targets.some((item) => list.has(item))));
}

function byDay(x: Interactions, days: number, newest: number): Hits[] {
  const hits = new Map<string, number[]>();
  for (let day = days; day >= 1; day--) {
    const from = newest + 1 - day * daySeconds;
    const dataset = before(x, from);
    const lists = {
      'trending, a week': trendingIn(dataset, undefined, 'week'),
      'trending, a day': trendingIn(dataset, undefined, 'day'),
      'popular, a week': popularIn(dataset, undefined, 'week'),
      'popular, a month': popularIn(dataset, undefined, 'month'),
      'popular, all times': popularIn(dataset, undefined, 'all'),
    };
    for (const basket of basketsIn(x, from, from + daySeconds)) {
      for (const [method, list] of Object.entries(lists)) judge(hits, method, top(list), basket);
    }
    if (day % 14 === 0) say(`lists of the day: ${days - day} of ${days} days`);
  }
  return summary(`HR@${k} of a basket of the day`, hits);
}

function together(x: Interactions, days: number, newest: number): Hits[] {
  const from = newest + 1 - days * daySeconds;
  const dataset = before(x, from);
  const { popularity } = dataset.facts;
  const random = seededRng(7);
  const hits = new Map<string, number[]>();
  const sold = top(popularIn(dataset, undefined, 'all'));
  for (const basket of basketsIn(x, from, newest + 1)) {
    const known = basket.filter((item) => popularity[item]! > 0);
    if (known.length < 2) continue;
    const asked = known[Math.floor(random() * known.length)]!;
    const rest = known.filter((item) => item !== asked);
    const pairs = [...pairsOf(dataset, asked).pairs];
    const sorted = (score: (item: number, n: number) => number) =>
      pairs.map(([item, n]) => ({ item, score: score(item, n) })).sort((a, b) => b.score - a.score || a.item - b.item);
    judge(hits, 'bought together', top(boughtTogether(dataset, [asked])), rest);
    judge(hits, 'pairs counted', top(sorted((_, n) => n)), rest);
    judge(hits, 'lift alone', top(sorted((item, n) => n / popularity[item]!)), rest);
    judge(hits, 'best sellers', sold, rest);
  }
  return summary(`HR@${k} of the rest of a basket`, hits);
}

async function measure({ quick }: { quick: boolean }): Promise<ListResults> {
  const days = quick ? 14 : 56;
  const dataDir = await mkdtemp(path.join(os.tmpdir(), 'duet-bench-lists-'));
  await using db = await createTestDatabase();
  try {
    const { datasetId } = await importPlanned({ db, dataDir }, readPlan(), benchData, 'online-retail');
    const x = await loadInteractions({ db, dataDir }, datasetId);
    const newest = x.time.reduce((a, b) => Math.max(a, b), 0);
    const rows = [...byDay(x, days, newest), ...together(x, days, newest)];
    const of = (method: string) => rows.find((row) => row.method === method)!.value;
    return {
      params: { dataset: 'online-retail', days, k },
      metrics: Object.fromEntries(rows.map(({ method, value }) => [method, value])),
      peers: {},
      ratios: {
        'bought together / pairs counted': of('bought together') / of('pairs counted'),
        'trending, a week / popular, all times': of('trending, a week') / of('popular, all times'),
      },
      rows,
    };
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

const markdown = ({ rows, params }: ListResults): string =>
  [
    `online-retail, its last ${(params as { days: number }).days} days; intervals of 95 % over baskets.`,
    table(
      ['list', 'measure', 'value', '95 %', 'baskets'],
      rows.map(({ method, metric, value, low, high, n }) => [
        ...[method, metric, value.toFixed(4)],
        ...[`${low.toFixed(4)} – ${high.toFixed(4)}`, n],
      ]),
    ),
  ].join('\n\n');

await runBench('lists', measure, markdown);
