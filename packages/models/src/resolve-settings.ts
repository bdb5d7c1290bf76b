import { DuetError } from '@duet/base';
import type { z } from 'zod';
import { type FactorTraining, factorSettings } from './baselines/factor-model.ts';
import { modelOfKind } from './registry.ts';
import {
  type Preset,
  presetNames,
  type SettingsTable,
  schemaOf,
  type ValuePreset,
  valuePresets,
  valuesOf,
} from './settings/setting.ts';
import { type TrainingSettings, trainingSettings } from './settings/tower.ts';

/** Settings of a model with vectors: one that is trained by gradient, or a factorisation. */
export type VectorSettings = TrainingSettings | FactorTraining;

/** Settings of a model of any kind; a scorer has its own. */
export type ModelSettings = VectorSettings | Record<string, unknown>;

/** Whether these are a tower's: those of a model that is trained by gradient. */
export const isTower = (settings: ModelSettings): settings is TrainingSettings => 'layers' in settings;

/** Whether the model has vectors: it is trained, indexed and served. Others only score, at once. */
export const hasVectors = (settings: ModelSettings): settings is VectorSettings =>
  isTower(settings) || 'sweeps' in settings;

const settingsOfFamily = { tower: trainingSettings, factors: factorSettings, scorer: {} } satisfies Record<
  string,
  SettingsTable
>;

/** All settings that a model of this kind is made with: its own, and those of its family that it does not read. */
const allSettings = (kind: string): SettingsTable => {
  const { family, settings } = modelOfKind(kind);
  return { ...settingsOfFamily[family], ...settings };
};

/** The schema of a kind's settings, each described, and the values of its presets; a scorer has one set of them. */
export function settingsOfKind(kind: string): { schema: z.ZodObject; presets: Record<Preset, object> } {
  const { settings, defaults } = modelOfKind(kind);
  const table = allSettings(kind);
  const values = valuePresets.map((preset) => [preset, { ...valuesOf(table, preset), ...defaults }] as const);
  const presets = Object.fromEntries(values) as Record<ValuePreset, object>;
  return { schema: schemaOf(settings), presets: { auto: presets.best, ...presets } };
}

/**
 * The settings of one training: preset, then what makes the kind what it is, then what the caller set.
 *
 * @throws DuetError `bad-input` naming each unknown key or bad value, and the keys there are
 */
export function resolveSettings(kind: string, preset: string, set: Record<string, unknown>): ModelSettings {
  const { schema, presets } = settingsOfKind(kind);
  if (!Object.hasOwn(presets, preset)) {
    throw new DuetError('bad-input', `There is no preset "${preset}".`, {
      where: { field: 'preset' },
      fix: `Choose one of ${presetNames.join(', ')}.`,
    });
  }
  const base = presets[preset as Preset];
  const parsed = schema.safeParse({ ...ownSettings(kind, base), ...set });
  if (!parsed.success) throw refusal(kind, parsed.error.issues[0]!);
  const settings: ModelSettings = { ...base, ...parsed.data };
  if (isTower(settings)) refuseConflicts(kind, settings);
  return settings;
}

function refusal(kind: string, issue: z.core.$ZodIssue): DuetError {
  const { settings } = modelOfKind(kind);
  const unknown = issue.code === 'unrecognized_keys';
  return new DuetError('bad-input', `${issue.message}.`, {
    where: { field: unknown ? issue.keys.join(', ') : issue.path.join('.') },
    fix: unknown
      ? `The settings of ${kind} are ${Object.keys(settings).join(', ') || 'none'}.`
      : settings[String(issue.path[0])]?.meaning,
  });
}

function refuseConflicts(kind: string, settings: TrainingSettings): void {
  if (settings.hardNegatives > 0 && settings.loss !== 'softmax') {
    throw new DuetError('bad-input', `hardNegatives belong to the softmax loss, and the loss is ${settings.loss}.`, {
      where: { field: 'hardNegatives' },
      fix: 'Set loss to softmax, or hardNegatives to 0.',
    });
  }
  const model = modelOfKind(kind);
  const conflict = model.family === 'tower' ? model.check?.(settings) : undefined;
  if (conflict === undefined) return;
  const { field, problem, fix } = conflict;
  throw new DuetError('bad-input', problem, { where: { field }, fix });
}

/** Those of some settings that the kind knows: what `--set` may name, and what a run is recorded with. */
export function ownSettings(kind: string, settings: object): Record<string, unknown> {
  const kindSettings = modelOfKind(kind).settings;
  return Object.fromEntries(Object.entries(settings).filter(([key]) => Object.hasOwn(kindSettings, key)));
}

/** The settings that an artifact of this kind holds; one from before a setting gets its value in `adapted`. */
export const recordedSettings = (kind: string): z.ZodObject => schemaOf(allSettings(kind));
