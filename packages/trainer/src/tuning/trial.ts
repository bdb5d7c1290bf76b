import { userHistories } from '@duet/artifact/inputs';
import { type Progress, silent } from '@duet/base';
import { type Split, splitDataset, validationSplit } from '@duet/datasets';
import { type Executor, hasVectors, isTower, resolveSettings, type VectorSettings } from '@duet/models';
import type { TrainingData } from '../data.ts';
import { evaluateVectors, type Judged } from '../evaluation/evaluate.ts';
import { judgeBaseline, scorerOf } from '../evaluation/judge.ts';
import { fitModel } from '../fit.ts';

/** One training of a tuning: a kind with its settings over a preset. */
export interface TrialRequest {
  kind: string;
  base: string;
  set: Record<string, unknown>;
  seed: number;
}

/**
 * What trials learn from and are judged by, cold users and items aside. Nothing that the split itself evaluates is in
 * it.
 */
export function trialSplit({ interactions }: TrainingData, splitName: string): Split {
  const { name, train, evaluations } = validationSplit(interactions, splitDataset(interactions, splitName));
  return { name, train, evaluations };
}

/**
 * What a trial's curve is measured on: every n-th user of its split, a thousand of them at most. The one judgement at
 * the end is what counts: a curve is of use where it can end the training alone.
 */
export const watchedOf = (split: Split, settings: VectorSettings): Split => {
  const isStopped = isTower(settings) && settings.patience > 0;
  const every = Math.ceil(split.evaluations.length / 1000);
  return { ...split, evaluations: isStopped ? split.evaluations.filter((_, i) => i % every === 0) : [] };
};

/**
 * Trains on the split's training rows, and judges by its evaluations.
 *
 * @throws DuetError `bad-input` for settings that do not fit; whatever stops the training
 */
export async function runTrial(
  { executor, progress = silent, signal }: { executor: Executor; progress?: Progress; signal?: AbortSignal },
  data: TrainingData,
  split: Split,
  { kind, base, set, seed }: TrialRequest,
): Promise<Judged> {
  const settings = resolveSettings(kind, base, set);
  if (!hasVectors(settings)) return judgeBaseline({ executor, progress }, data, split, scorerOf(kind), settings);
  await using fitted = await fitModel({
    executor,
    data,
    train: split.train,
    watched: watchedOf(split, settings),
    kind,
    settings,
    seed,
    progress,
    label: `try ${kind}`,
    signal,
  });
  const { encoder, itemVectors: items } = fitted;
  const histories = userHistories(data.interactions, split.train);
  return await evaluateVectors(executor, { encoder, items, histories, split, catalogue: data.catalogue });
}
