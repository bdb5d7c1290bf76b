import { holm } from '@duet/statistics';
import { userMetrics } from '@duet/trainer/steps';
import type { DatasetFacts, Outcome } from './cache.ts';
import { type Plan, plannedAs } from './plan.ts';
import { bootstrap, type Interval, meanOf, pairedTest, percentileInterval, type Series } from './statistics.ts';

/** Metrics that are means over users, so that users can be resampled. */
const userMetricNames = ['HR@50', 'HR@100', 'MRR', 'NDCG@50', 'Recall@50', 'Recall@100', 'NDCG@100'] as const;
/** Metrics of all lists together. */
const listMetricNames = ['Coverage@50', 'Coverage@100', 'ARP@50', 'Gini@50'] as const;
/** Metrics that models are tested against each other in. */
export const testedMetrics = ['HR@50', 'HR@100', 'MRR'] as const;

/** A line of the contract's `rows`. */
export interface Row extends Interval {
  dataset: string;
  split: string;
  model: string;
  seed: number;
  metric: string;
}

/** A model on a dataset, over its seeds. */
export interface Summary {
  model: string;
  kind: string;
  /** What the plan said of it here. */
  planned: string;
  seeds: number;
  /** Mean over seeds; the interval covers users and seeds. */
  metrics: Record<string, Interval>;
  /** HR@50 of the users with a target in the category, by category, largest first. */
  byCategory: ({ category: string; users: number } & Interval)[];
  /** HR@50 of users by distinct items in training, mean over seeds. */
  byHistory: { band: string; users: number; value: number }[];
  byPopularity: { band: string; users: number; value: number }[];
  coldItems: { users: number; value: number } | undefined;
  coldUsers?: { users: number; value: number } | undefined;
  /** Of a training and evaluation, median over seeds. */
  seconds: number;
}

/** One model against another on the same users. */
export interface Comparison extends Interval {
  metric: string;
  model: string;
  than: string;
  p: number;
  /** By Holm, over all comparisons of this metric on this dataset. */
  adjusted: number;
}

export interface Analysis {
  dataset: string;
  split: string;
  users: number;
  facts: Pick<DatasetFacts, 'users' | 'items' | 'interactions'>;
  rows: Row[];
  models: Map<string, Summary>;
  comparisons: Comparison[];
}

const replicates = 2000;

/** One metric of every user. */
function perUser({ start, rank }: Outcome, users: number): Record<string, Float64Array> {
  const values: Record<string, Float64Array> = Object.fromEntries(
    userMetricNames.map((name) => [name, new Float64Array(users)]),
  );
  for (let u = 0; u < users; u++) {
    const metrics = userMetrics(rank.slice(start[u]!, start[u + 1]!));
    for (const name of userMetricNames) values[name]![u] = metrics[name]!;
  }
  return values;
}

/** Tables, intervals and tests of one dataset. Every outcome ranked the same users' targets. */
export function analyse(outcomes: readonly Outcome[], facts: DatasetFacts, plan: Plan): Analysis {
  const { dataset, split, user } = outcomes[0]!;
  const users = user.length;
  for (const other of outcomes) {
    if (other.user.length !== users || other.user.some((row, u) => row !== user[u])) {
      throw new Error(`${other.model} and ${outcomes[0]!.model} were judged on different users of ${dataset}.`);
    }
  }
  const byModel = [...Map.groupBy(outcomes, ({ model }) => model)];
  const values = byModel.map(([, seeds]) => seeds.map((outcome) => perUser(outcome, users)));
  const rows: Row[] = [];
  const models = new Map<string, Summary>();
  for (const [model, seeds] of byModel) {
    models.set(model, { ...summarise(model, seeds, facts), planned: plannedAs(plan, dataset, model) });
  }
  const comparisons: Comparison[] = [];
  for (const metric of userMetricNames) {
    const series: Series[] = values.map((seeds) => seeds.map((one) => one[metric]!));
    const drawn = bootstrap(series, replicates, 1);
    byModel.forEach(([model, seeds], m) => {
      seeds.forEach(({ seed }, k) => {
        const interval = percentileInterval(meanOf([series[m]![k]!]), drawn.seeds[m]![k]!);
        rows.push({ dataset, split, model, seed, metric, ...interval });
      });
      models.get(model)!.metrics[metric] = percentileInterval(meanOf(series[m]!), drawn.means[m]!);
    });
    if ((testedMetrics as readonly string[]).includes(metric)) {
      const placeOf = new Map(byModel.map(([model], m) => [model, m]));
      const pairs = plan.comparisons.flatMap(([model, others]) => others.map((than) => ({ model, than })));
      const family = pairs.flatMap(({ model, than }) => {
        const [a, b] = [placeOf.get(model), placeOf.get(than)];
        if (a === undefined || b === undefined) return [];
        const difference = meanOf(series[a]!) - meanOf(series[b]!);
        return { metric, model, than, ...pairedTest(difference, drawn.means[a]!, drawn.means[b]!) };
      });
      const adjusted = holm(family.map(({ p }) => p));
      comparisons.push(...family.map((one, i) => ({ ...one, adjusted: adjusted[i]! })));
    }
  }
  for (const [model, seeds] of byModel) {
    for (const metric of listMetricNames) {
      for (const { seed, lists } of seeds) {
        rows.push({ dataset, split, model, seed, metric, ...lists[metric]! });
      }
      const average = (end: 'value' | 'low' | 'high') =>
        seeds.reduce((sum, { lists }) => sum + lists[metric]![end], 0) / seeds.length;
      models.get(model)!.metrics[metric] = { value: average('value'), low: average('low'), high: average('high') };
    }
  }
  const { users: allUsers, items, interactions } = facts;
  return { dataset, split, users, facts: { users: allUsers, items, interactions }, rows, models, comparisons };
}

function summarise(model: string, seeds: readonly Outcome[], facts: DatasetFacts): Omit<Summary, 'planned'> {
  const first = seeds[0]!;
  const averaged = (group: 'byHistory' | 'byPopularity') =>
    first.evaluation[group].map(({ band, users }) => {
      const same = seeds.map(({ evaluation }) => evaluation[group].find((other) => other.band === band)!);
      return { band, users, value: same.reduce((sum, { metrics }) => sum + metrics['HR@50']!, 0) / seeds.length };
    });
  const seconds = seeds.map((one) => one.seconds).sort((a, b) => a - b);
  return {
    model,
    kind: first.kind,
    seeds: seeds.length,
    metrics: {},
    byCategory: categoryHits(seeds, facts),
    byHistory: averaged('byHistory'),
    byPopularity: averaged('byPopularity'),
    coldItems: coldHits(seeds, 'coldItems'),
    coldUsers: coldHits(seeds, 'coldUsers'),
    seconds: seconds[seconds.length >> 1]!,
  };
}

function coldHits(seeds: readonly Outcome[], part: 'coldItems' | 'coldUsers'): Summary['coldItems'] {
  const found = seeds.flatMap(({ evaluation }) => evaluation[part] ?? []);
  if (found.length === 0) return undefined;
  return {
    users: found[0]!.users,
    value: found.reduce((sum, { metrics }) => sum + metrics['HR@50']!, 0) / found.length,
  };
}

/** HR@50 by category with intervals: users with a target in it, hit where any of these is in their first 50. */
function categoryHits(seeds: readonly Outcome[], { categories, category }: DatasetFacts): Summary['byCategory'] {
  const hits = seeds.map((outcome) => {
    const found = categories.map(() => [] as number[]);
    for (let u = 0; u < outcome.user.length; u++) {
      const hitByGroup = new Map<number, number>();
      for (let t = outcome.start[u]!; t < outcome.start[u + 1]!; t++) {
        const group = category[outcome.item[t]!]!;
        if (group >= 0) hitByGroup.set(group, Math.max(hitByGroup.get(group) ?? 0, outcome.rank[t]! <= 50 ? 1 : 0));
      }
      for (const [group, hit] of hitByGroup) found[group]!.push(hit);
    }
    return found.map((list) => Float64Array.from(list));
  });
  return categories.flatMap((name, group) => {
    const series = hits.map((found) => found[group]!);
    const users = series[0]!.length;
    if (users === 0) return [];
    const interval = percentileInterval(meanOf(series), bootstrap([series], 1000, 1).means[0]!);
    return { category: name, users, ...interval };
  });
}
