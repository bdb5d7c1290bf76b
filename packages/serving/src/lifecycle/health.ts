import { sep } from 'node:path';
import { engineInUse } from '@duet/ann';
import type { Executor } from '@duet/models';
import type { AnsweredIndex, AnsweredModel } from '../answered-by.ts';
import type { Retriever } from '../retriever.ts';
import { neededModels, onlyDataset, type Plan, type PlannedModel } from './plan.ts';

/** What of an index is searched, and what stands beside it. */
export interface IndexState {
  size: number;
  /** New and changed items beside it, which the next build folds in. */
  fresh: number;
  /** Its vectors that are not found any more: of withdrawn items, or of items that have changed. */
  outdated: number;
  /** New items that wait for a training, since the model knows items by their ids alone. */
  waiting: number;
}

export interface ServingHealth {
  /** `starting`: nothing to serve yet. `degraded`: it answers, but `problems` need somebody. */
  status: 'ok' | 'degraded' | 'starting';
  problems: string[];
  /** What does the work of something faster that is not here, a sentence each. */
  fallbacks: string[];
  /** The only one; null where there are several, which keys or requests name. */
  dataset: string | null;
  /** What answers now: one entry a model that an experiment or the default needs. */
  models: (AnsweredModel & { index: AnsweredIndex & IndexState })[];
  experiments: { id: string; name: string; arms: string[] }[];
  rankerId: string | null;
  /** When the plan last changed, ISO 8601. */
  since: string | null;
  /**
   * Since when nothing could be read of the database, ISO 8601: what is served is as of then. Null while it answers.
   */
  stale: string | null;
}

/** What is served, as far as it was opened. */
export interface Served {
  plan: Plan;
  /** When the plan last changed, ISO 8601. */
  since: string | null;
  /** What is wrong, by what it is wrong with. */
  problems: ReadonlyMap<string, string>;
  /** Of models whose planned retriever cannot be opened: the one that served them before. */
  previous: ReadonlyMap<string, PlannedModel>;
  /** Index → the engine that searches it. */
  engines: ReadonlyMap<string, string>;
  /** By index. */
  indexes: ReadonlyMap<string, IndexState>;
}

export function healthOf(
  { plan, since, problems, previous, engines, indexes }: Served,
  {
    fallbacks,
    dataDir,
    staleSince,
    unreadable,
  }: { fallbacks: string[]; dataDir: string; staleSince: Date | undefined; unreadable: Iterable<string> },
): ServingHealth {
  const { datasets, experiments, rankers } = plan;
  const only = onlyDataset(plan);
  const models = neededModels(plan)
    .map((planned) => previous.get(planned.modelId) ?? planned)
    .flatMap(({ modelId, name, kind, indexId, version, factory }) => {
      const engine = engines.get(indexId);
      const state = indexes.get(indexId);
      if (engine === undefined || state === undefined) return [];
      return [{ id: modelId, name, kind, index: { id: indexId, version, factory, engine, ...state } }];
    });
  const sentences = [...problems.values(), ...unreadable];
  if (staleSince !== undefined && !problems.has('database')) {
    sentences.push('The database does not answer. What is served is as it was when it last did.');
  }
  return {
    status: Object.keys(datasets).length === 0 ? 'starting' : sentences.length > 0 ? 'degraded' : 'ok',
    // Everybody may ask: where the data folder lies is nobody's business.
    problems: sentences.map((problem) => problem.replaceAll(`${dataDir}${sep}`, '')),
    fallbacks,
    dataset: (only && datasets[only]) ?? null,
    models,
    experiments: experiments.map(({ id, name, arms }) => ({ id, name, arms: arms.map((arm) => arm.name) })),
    rankerId: (only && rankers[only]) ?? null,
    since,
    stale: staleSince?.toISOString() ?? null,
  };
}

export const stateOf = ({ index, delta }: Retriever): IndexState => ({
  size: index.size,
  fresh: delta.rows?.catalogueRow.length ?? 0,
  outdated: delta.outdated,
  waiting: delta.waiting,
});

export function fallbacksOf({ name }: Executor): string[] {
  const { engine, without } = engineInUse();
  const why = 'npx duet doctor says why.';
  return [
    without.length > 0 ? `Indexes are searched by ${engine}, without ${without.join(' and ')}: ${why}` : '',
    name === 'onnx' ? '' : `User vectors are made by ${name}, without ONNX Runtime: ${why}`,
  ].filter((sentence) => sentence !== '');
}
