import { DuetError } from '@duet/base';
import {
  type ArchitectureName,
  architectureOf,
  type FactorKind,
  type FactorTraining,
  factorPresets,
  factorSettings,
  type ModelKind,
  modelKinds,
  type Preset,
  presets,
  type TrainingSettings,
  trainingSettings,
} from '@duet/models';
import { z } from 'zod';
import { type BaselineKind, type BaselineSettings, baselines } from './evaluation/baselines.ts';

/** What a model of any kind can be told: a tower's, a factorisation's or a scorer's settings. */
export type ModelSettings = TrainingSettings | FactorTraining | BaselineSettings;

/** Whether these are a tower's: those of a model that is trained by gradient. */
export const isTower = (settings: ModelSettings): settings is TrainingSettings => 'layers' in settings;

/** What a model with vectors can be told: see {@link ModelSettings}. */
export type VectorSettings = TrainingSettings | FactorTraining;

/** Whether the model has vectors: it is trained, indexed and served. Others only score, at once. */
export const hasVectors = (settings: ModelSettings): settings is VectorSettings =>
  isTower(settings) || 'sweeps' in settings;

/** @throws DuetError `bad-input` naming the kinds there are */
function modelKind(kind: string): ModelKind {
  const known = modelKinds.find((candidate) => candidate.kind === kind);
  if (known !== undefined) return known;
  throw new DuetError('bad-input', `There is no kind of model "${kind}".`, {
    where: { field: 'kind' },
    fix: `Choose one of ${modelKinds.map((candidate) => candidate.kind).join(', ')}.`,
  });
}

const datParts = {
  augmentedDims: true,
  mimicUser: true,
  mimicItem: true,
  alignment: true,
  alignmentSquared: true,
  alignmentCategories: true,
  crossFit: true,
  causal: true,
  augmentedLearningRate: true,
} as const;
const interestParts = { interests: true, routings: true, labelPower: true } as const;
const someHistory = { history: z.int().min(1).max(1000).describe("The user's last items that the model sees.") };

/** The settings that each architecture knows; it keeps the preset's values of the others. */
const settingsOfArchitecture: Record<ArchitectureName, z.ZodObject> = {
  towers: trainingSettings.omit({ normalize: true, ...interestParts }),
  fm: trainingSettings.omit({
    normalize: true,
    layers: true,
    skip: true,
    identityStart: true,
    featureDims: true,
    ...interestParts,
    ...datParts,
  }),
  'youtube-dnn': trainingSettings
    .omit({ identityStart: true, userIds: true, ...interestParts, ...datParts })
    .extend(someHistory),
  mind: trainingSettings.omit({ identityStart: true, historyDecay: true, targets: true, ...datParts }).extend({
    ...someHistory,
    loss: z.enum(['sigmoid', 'softmax']).describe('Cross entropy, or in-batch softmax with logQ correction.'),
  }),
};

/** The schema of a kind's settings, each described, and the values of its presets; a scorer has one set of them. */
export function settingsOfKind(kind: string): { schema: z.ZodObject; presets: Record<Preset, object> } {
  const { family, defaults } = modelKind(kind);
  if (family === 'tower') {
    // A two-tower has none of DAT's parts; DAT's own come from the preset.
    const { paper, fast, best } = presets;
    return {
      schema: settingsOfArchitecture[architectureOf(kind)],
      presets: { paper: { ...paper, ...defaults }, fast: { ...fast, ...defaults }, best: { ...best, ...defaults } },
    };
  }
  if (family === 'factors') return { schema: factorSettings, presets: factorPresets[kind as FactorKind] };
  const { settings, defaults: base } = baselines[kind as BaselineKind];
  return { schema: settings, presets: { paper: base, fast: base, best: base } };
}

/**
 * The settings of one training: preset, then what makes the kind what it is, then what the caller set.
 *
 * @throws DuetError `bad-input` naming each unknown key or bad value, and the keys there are
 */
export function resolveSettings(kind: string, preset: string, set: Record<string, unknown>): ModelSettings {
  const { schema, presets: starting } = settingsOfKind(kind);
  if (!Object.hasOwn(starting, preset)) {
    throw new DuetError('bad-input', `There is no preset "${preset}".`, {
      where: { field: 'preset' },
      fix: `Choose one of ${Object.keys(starting).join(', ')}.`,
    });
  }
  const base = starting[preset as Preset];
  const known = Object.keys(schema.shape);
  const parsed = schema.safeParse({ ...ownSettings(kind, base), ...set });
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    const unknown = issue.code === 'unrecognized_keys';
    const field = unknown ? issue.keys.join(', ') : issue.path.join('.');
    const shape: Record<string, { description?: string | undefined }> = schema.shape;
    throw new DuetError('bad-input', `${issue.message}.`, {
      where: { field },
      fix: unknown
        ? `The settings of ${kind} are ${known.join(', ') || 'none'}.`
        : shape[String(issue.path[0])]?.description,
    });
  }
  const settings = { ...base, ...parsed.data } as ModelSettings;
  if (!isTower(settings)) return settings;
  if (settings.hardNegatives > 0 && settings.loss !== 'softmax') {
    throw new DuetError('bad-input', `hardNegatives belong to the softmax loss, and the loss is ${settings.loss}.`, {
      where: { field: 'hardNegatives' },
      fix: 'Set loss to softmax, or hardNegatives to 0.',
    });
  }
  const dims = settings.layers.at(-1)!;
  if (settings.augmentedDims > 0 && settings.augmentedDims !== dims && settings.mimicUser + settings.mimicItem > 0) {
    throw new DuetError('bad-input', `augmentedDims is ${settings.augmentedDims} and the towers end in ${dims}.`, {
      where: { field: 'augmentedDims' },
      fix: 'An augmented vector mimics a tower output, so make the last of "layers" the same number.',
    });
  }
  return settings;
}

/** Those of some settings that the kind knows: what `--set` may name, and what a run is recorded with. */
export function ownSettings(kind: string, settings: object): Record<string, unknown> {
  const { shape } = settingsOfKind(kind).schema;
  return Object.fromEntries(Object.entries(settings).filter(([key]) => Object.hasOwn(shape, key)));
}
