import path from 'node:path';
import { repositoryRoot } from '@duet/base';
import { holm } from '@duet/statistics';
import { z } from 'zod';
import { type Analysis, type Comparison, type Row, type Summary, testedMetrics } from './analysis.ts';
import { readJson } from './cache.ts';
import { type Plan, plannedAs } from './plan.ts';

/** What is read back of bench/results/quality.json; the bench wrote it, so its figures are believed. */
const results = z.object({
  metrics: z.record(
    z.string(),
    z.object({
      split: z.string(),
      users: z.number(),
      facts: z.object({ users: z.number(), items: z.number(), interactions: z.number() }),
      models: z.record(z.string(), z.custom<Summary>()),
      comparisons: z.array(z.custom<Comparison>()),
    }),
  ),
  rows: z.array(z.custom<Row>()),
});

/**
 * The analyses that the repository's results hold, so that a run of some models leaves the others' figures where they
 * are. A model whose plan has changed since is left out, and so are its comparisons.
 */
export async function readEarlier(plan: Plan): Promise<Analysis[]> {
  const file = path.join(repositoryRoot(), 'bench/results/quality.json');
  const found = await readJson(file);
  if (found === undefined) return [];
  const { metrics, rows } = results.parse(found);
  return Object.entries(metrics).map(([dataset, { models, comparisons, ...rest }]) => {
    const same = (model: string) => models[model]?.planned === plannedAs(plan, dataset, model);
    return {
      dataset,
      ...rest,
      rows: rows.filter((row) => row.dataset === dataset && same(row.model)),
      models: new Map(Object.entries(models).filter(([model]) => same(model))),
      comparisons: comparisons.filter(({ model, than }) => same(model) && same(than)),
    };
  });
}

/** The new figures where there are any, and the earlier ones of everything else; Holm's correction is over both. */
export function together(earlier: Analysis[], found: Analysis[], plan: Plan): Analysis[] {
  return Object.keys(plan.datasets).flatMap((dataset) => {
    const [before, now] = [earlier, found].map((all) => all.find((one) => one.dataset === dataset));
    if (!before || !now) return before ?? now ?? [];
    if (before.users !== now.users) return now;
    const is =
      (a: Pick<Comparison, 'metric' | 'model' | 'than'>) =>
      (b: Comparison): boolean =>
        a.metric === b.metric && a.model === b.model && a.than === b.than;
    const comparisons = [...before.comparisons.filter((one) => !now.comparisons.some(is(one))), ...now.comparisons];
    for (const family of Map.groupBy(comparisons, ({ metric }) => metric).values()) {
      const adjusted = holm(family.map(({ p }) => p));
      for (const [i, one] of family.entries()) one.adjusted = adjusted[i]!;
    }
    return {
      ...now,
      rows: [...before.rows.filter(({ model }) => !now.models.has(model)), ...now.rows],
      models: new Map([...before.models, ...now.models]),
      comparisons: testedMetrics.flatMap((metric) =>
        plan.comparisons.flatMap(([model, others]) =>
          others.flatMap((than) => comparisons.filter(is({ metric, model, than }))),
        ),
      ),
    };
  });
}
