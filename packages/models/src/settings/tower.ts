import { z } from 'zod';
import { augmentedVectorSettings } from './augmented-vectors.ts';
import { inputSettings } from './inputs.ts';
import { lossSettings } from './loss.ts';
import { optimiserSettings } from './optimisers.ts';
import { priorSettings } from './priors.ts';
import { type Part, type SettingsOf, type SettingsTable, setting, valuesOf } from './setting.ts';

/** Everything that decides what a model trained by gradient becomes. Each can be given as `--set key=value`. */
export const trainingSettings = {
  ...lossSettings,
  ...inputSettings,
  ...augmentedVectorSettings,
  ...optimiserSettings,
  ...priorSettings,
  patience: setting({
    schema: z.int().min(0).max(1000),
    meaning: 'Epochs without a better one, by NDCG@100 on held-out baskets, that end training at the best; 0: none.',
    paper: 0,
    best: 2,
  }),
};

export type TrainingSettings = SettingsOf<typeof trainingSettings>;

/** The settings of a model that has these parts. */
export const settingsWith = (...parts: Part[]): SettingsTable =>
  Object.fromEntries(
    Object.entries<SettingsTable[string]>(trainingSettings).filter(
      ([, { part }]) => part === undefined || parts.includes(part),
    ),
  );

/**
 * `paper`: as published, to the letter. `adapted`: the same with a temperature, without ReLU after the last layer (a
 * cosine in [−1, 1] hardly moves a sigmoid), and with an alignment that does not outweigh the rest. `fast`: what makes it better, within a minute of CPU on the example. `best`: the same with
 * vectors and ids of 128 dimensions that the towers start from, longer, ended by the held-out baskets, a_u from the
 * past alone, and what EASE says added to the towers' score (two-tower+ and DAT+ of the quality bench).
 */
export const presets = {
  paper: valuesOf(trainingSettings, 'paper'),
  adapted: valuesOf(trainingSettings, 'adapted'),
  fast: valuesOf(trainingSettings, 'fast'),
  best: valuesOf(trainingSettings, 'best'),
};
