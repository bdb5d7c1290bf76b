import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { importRequest } from '@duet/datasets';
import { modelKinds, ownSettings, resolveSettings, settingsOfKind } from '@duet/models';
import { z } from 'zod';

const choice = { preset: z.string().optional(), set: z.record(z.string(), z.unknown()).optional() };

const modelSchema = z.strictObject({
  kind: z.enum(modelKinds.map(({ kind }) => kind)),
  ...choice,
  on: z.record(z.string(), z.strictObject(choice)).default({}),
});
type Model = z.infer<typeof modelSchema>;

/** A model of its own, or one like another, by name, but for what is said here. */
const givenModel = z.union([modelSchema, modelSchema.partial({ kind: true }).extend({ like: z.string() })]);

/** What is said of a model goes before all that is said of the one that it is like, also on single datasets. */
function modelOf(models: Record<string, z.infer<typeof givenModel>>, name: string): Model {
  const given = models[name];
  if (given === undefined) throw new Error(`The plan has no model ${name}.`);
  if (!('like' in given)) return given;
  const { like, on, ...settings } = given;
  const base = modelOf(models, like);
  const both = Object.keys({ ...base.on, ...on }).map((dataset) => {
    const set = { ...base.on[dataset]?.set, ...settings.set, ...on[dataset]?.set };
    return [dataset, { ...base.on[dataset], ...(settings.preset && { preset: settings.preset }), ...on[dataset], set }];
  });
  return { ...base, ...settings, set: { ...base.set, ...settings.set }, on: Object.fromEntries(both) };
}

const planSchema = z.strictObject({
  /** How each set is imported (files relative to the data folder) and split. */
  datasets: z.record(
    z.string(),
    z.looseObject({ split: z.string(), interactions: z.string() }).transform(({ split, ...request }) => ({
      split,
      request: request as Omit<z.input<typeof importRequest>, 'name'>,
    })),
  ),
  /** By the name that the report prints. `on` has what differs on one dataset. */
  models: z
    .record(z.string(), givenModel)
    .transform((models) => Object.fromEntries(Object.keys(models).map((name) => [name, modelOf(models, name)]))),
  /** Models of the paper's table, in its order. */
  table: z.array(z.string()),
  /** Models that `bench:tune` searches settings for. */
  tuned: z.array(z.string()),
  ablation: z.array(z.string()),
  /** The model of each number of augmented dimensions. */
  sweep: z.record(z.string(), z.string()),
  /** Models whose HR@50 by category is plotted. */
  categories: z.array(z.string()),
  /** Each model against those that it is tested against. */
  comparisons: z.array(z.tuple([z.string(), z.array(z.string())])),
});
export type Plan = z.infer<typeof planSchema>;

/** One training and its evaluation. */
export interface Job {
  dataset: string;
  split: string;
  /** Name in the plan. */
  model: string;
  kind: string;
  preset: string;
  set: Record<string, unknown>;
  seed: number;
  /**
   * Changes with everything that the outcome depends on, the names aside: the data, the split, all settings, the seed.
   */
  key: string;
}

export const readPlan = (): Plan =>
  planSchema.parse(JSON.parse(readFileSync(path.join(import.meta.dirname, 'settings.json'), 'utf8')));

/** Four models for a moment on online-retail's most active users: to see that everything works, not how well. */
export function quickPlan(): Plan {
  const plan = readPlan();
  const { split, request } = plan.datasets['online-retail']!;
  const set = { epochs: 1, negatives: 64 };
  return {
    ...plan,
    datasets: { 'online-retail-quick': { split, request: { ...request, kCore: { user: 300, item: 5 } } } },
    tuned: ['item-kNN'],
    models: {
      popularity: plan.models.popularity!,
      'item-kNN': plan.models['item-kNN']!,
      'two-tower': { kind: 'two-tower', preset: 'fast', set, on: {} },
      DAT: { kind: 'dat', preset: 'fast', set, on: {} },
    },
  };
}

/** Changes with what any of the parts is. */
export const hashOf = (...parts: unknown[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);

/** Whether it is trained, from random numbers: a scorer says the same every time. */
export const isTrained = (kind: string): boolean =>
  modelKinds.find((candidate) => candidate.kind === kind)!.family !== 'scorer';

/**
 * A model on a dataset: its preset, what is set over that, and the settings that come of both. Those that are as they
 * are for a model that knows nothing of them are left out, so that a new setting does not make earlier figures another
 * model's.
 */
function plannedSettings(plan: Plan, dataset: string, model: string) {
  const { kind, on, ...base } = plan.models[model]!;
  const here = on[dataset] ?? {};
  const preset = here.preset ?? base.preset ?? 'best';
  const set = { ...base.set, ...here.set };
  const { shape } = settingsOfKind(kind).schema as { shape: Record<string, z.ZodType> };
  const settings = Object.entries(ownSettings(kind, resolveSettings(kind, preset, set))).filter(
    ([name, value]) => shape[name]!.safeParse(undefined).data !== value,
  );
  return { preset, set, settings: Object.fromEntries(settings) };
}

/** Changes with whatever the plan makes of a model on a dataset; nothing for one that it does not have. */
export function plannedAs(plan: Plan, dataset: string, model: string): string {
  const kind = plan.models[model]?.kind;
  return kind ? hashOf(plan.datasets[dataset], kind, plannedSettings(plan, dataset, model).settings) : '';
}

/** The wanted jobs, the cheap models first, and the first seed of all before the second of any. */
export function jobsOf(plan: Plan, { seeds, only }: { seeds: number; only: string[] }): Job[] {
  const jobs: Job[] = [];
  for (let seed = 1; seed <= seeds; seed++) {
    for (const [dataset, { split, request }] of Object.entries(plan.datasets)) {
      for (const [model, { kind }] of Object.entries(plan.models)) {
        if (!isWanted(only, dataset, model) || (seed > 1 && !isTrained(kind))) continue;
        const { settings, ...planned } = plannedSettings(plan, dataset, model);
        const key = hashOf(request, split, kind, settings, seed);
        jobs.push({ dataset, split, model, kind, ...planned, seed, key });
      }
    }
  }
  return jobs;
}

/** `only` has patterns dataset/model, where * stands for anything; none at all means everything. */
function isWanted(only: string[], dataset: string, model: string): boolean {
  return (
    only.length === 0 ||
    only.some((pattern) => {
      const [wantedDataset = '*', wantedModel = '*'] = pattern.split('/');
      return matches(wantedDataset, dataset) && matches(wantedModel, model);
    })
  );
}

const matches = (pattern: string, name: string): boolean =>
  new RegExp(`^${pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`, 'i').test(name);
