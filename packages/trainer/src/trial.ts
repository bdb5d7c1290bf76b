import { type Progress, silent } from '@duet/config';
import { type Split, splitDataset, validationSplit } from '@duet/datasets';
import { type Executor, modelKinds } from '@duet/models';
import type { TrainingData } from './data.ts';
import { Encoder } from './encoder.ts';
import type { Judged } from './evaluate.ts';
import { fitTowers } from './fit.ts';
import { userHistories } from './histories.ts';
import { type BaselineKind, baselineSettings, judgeBaseline } from './judge.ts';
import { evaluateTowers } from './loop.ts';
import { resolveSettings, type TrainingSettings } from './settings.ts';

/** One training of a tuning: a kind with its settings over a preset. */
export interface TrialRequest {
  kind: string;
  base: string;
  set: Record<string, unknown>;
  seed: number;
}

/** What trials learn from and are judged by. Nothing that the split itself evaluates is in it. */
export const trialSplit = (data: TrainingData, splitName: string): Split =>
  validationSplit(data.interactions, splitDataset(data.interactions, splitName));

/** The settings that a kind starts from; undefined for one that is not trained by gradient. */
export const baseSettings = (kind: string, base: string, set: Record<string, unknown>): TrainingSettings | undefined =>
  modelKinds.some((model) => model.kind === kind && model.family === 'baseline')
    ? undefined
    : resolveSettings(kind, base, set);

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
  const settings = baseSettings(kind, base, set);
  if (settings === undefined) {
    const baseline = kind as BaselineKind;
    return judgeBaseline(data, split, baseline, { ...baselineSettings[baseline], ...(set as Record<string, number>) });
  }
  const { trained, space, model } = await fitTowers({
    executor,
    data,
    train: split.train,
    // The one judgement at the end is what counts here; a curve would cost as much each epoch.
    watched: { ...split, evaluations: [] },
    kind,
    settings,
    seed,
    progress,
    label: `try ${kind}`,
    signal,
  });
  await using encoder = await Encoder.open(executor, model, space, trained.tables, settings, trained.params);
  const items = await encoder.items(Int32Array.from(data.catalogue.ids.keys()));
  const histories = userHistories(data.interactions, split.train);
  return await evaluateTowers(executor, { encoder, items, histories, split, catalogue: data.catalogue });
}
