import { DuetError, type Progress } from '@duet/config';
import type { Split } from '@duet/datasets';
import type { Executor, TowerSettings } from '@duet/models';
import { collectPositives } from './batches.ts';
import type { TrainingData } from './data.ts';
import { buildFeatures, type FeatureSpace } from './features.ts';
import { alignedCategories, type CurvePoint, type Trained, trainTowers } from './loop.ts';
import { type TrainingSettings, towerSettings } from './settings.ts';

export interface FitInput {
  executor: Executor;
  data: TrainingData;
  /** Rows of the interactions to learn from. */
  train: Int32Array;
  /** Users and targets that the curve is measured on. */
  watched: Split;
  kind: string;
  settings: TrainingSettings;
  seed: number;
  progress: Progress;
  label: string;
  signal?: AbortSignal | undefined;
  onEpoch?: ((point: CurvePoint, steps: number) => Promise<void>) | undefined;
}

/** A trained tower model in memory, with what its vectors are made of. */
export interface Fitted {
  trained: Trained;
  space: FeatureSpace;
  model: TowerSettings;
}

/**
 * Trains a tower model on these rows.
 *
 * @throws DuetError `bad-input` for fewer than two positives; whatever stops the training
 */
export async function fitTowers(input: FitInput): Promise<Fitted> {
  const { data, train, watched, kind, ...loop } = input;
  const { catalogue } = data;
  const positives = collectPositives(data.interactions, train, input.settings);
  if (positives.item.length < 2) {
    throw new DuetError('bad-input', `The training part of ${watched.name} has ${positives.item.length} positives.`, {
      where: { field: 'split' },
      fix: 'Choose another split, or import more interactions.',
    });
  }
  // A step takes distinct positives, so a small dataset has a small batch.
  const settings = { ...input.settings, batch: Math.min(input.settings.batch, positives.item.length) };
  const space = buildFeatures(data, settings);
  const { count, of: itemCategory } = alignedCategories(catalogue, positives.itemCount, settings.alignmentCategories);
  const model = towerSettings(kind, settings, space, count);
  const trained = await trainTowers({
    ...loop,
    space,
    positives,
    settings,
    model,
    catalogue,
    itemCategory,
    validation: watched,
  });
  return { trained, space, model };
}
