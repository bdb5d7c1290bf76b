import { modelKinds, presetNames, resolveSettings, settingsOfKind } from '@duet/models';
import { z } from 'zod';

/** One of the trainer's settings, as the form shows it. */
export interface Setting {
  key: string;
  meaning: string;
  type: 'number' | 'list' | 'choice';
  choices: string[];
}

interface Property {
  type?: string;
  enum?: string[];
  description?: string;
}

/** A kind's fields, from the trainer's own schema: a setting added there appears here. */
function settingsOf(kind: string): Setting[] {
  const properties = z.toJSONSchema(settingsOfKind(kind).schema).properties as Record<string, Property>;
  return Object.entries(properties).map(([key, { type, enum: values, description }]) => ({
    key,
    meaning: description ?? '',
    type: type === 'array' ? 'list' : type === 'boolean' || values ? 'choice' : 'number',
    choices: type === 'boolean' ? ['true', 'false'] : (values ?? []),
  }));
}

export const trainedKinds = modelKinds.filter(({ family }) => family !== 'scorer');

/** The form's fields by kind: `settings.dat`. */
export const settings: Record<string, Setting[]> = Object.fromEntries(
  trainedKinds.map(({ kind }) => [kind, settingsOf(kind)]),
);

/** What each kind starts from with each preset, as text: `startingValues['dat/fast'].epochs`. */
export const startingValues: Record<string, Record<string, string>> = Object.fromEntries(
  trainedKinds.flatMap(({ kind }) =>
    presetNames.map((preset) => [
      `${kind}/${preset}`,
      Object.fromEntries(Object.entries(resolveSettings(kind, preset, {})).map(([key, value]) => [key, String(value)])),
    ]),
  ),
);

/** The value that a field's text stands for. What cannot be read stays text, for the trainer to refuse by name. */
export function readSetting(kind: string, key: string, text: string): unknown {
  const { type, choices } = settings[kind]?.find((setting) => setting.key === key) ?? { type: 'number', choices: [] };
  const number = (part: string) => (part.trim() === '' || Number.isNaN(Number(part)) ? part : Number(part));
  if (type === 'list') return text.split(',').map(number);
  if (type === 'choice') return choices.includes('true') ? text === 'true' : text;
  return number(text);
}

export interface ChangedSetting {
  key: string;
  value: string;
  /** What the preset has; undefined of what no preset says, such as the seed. */
  preset: string | undefined;
  meaning: string;
}

/** A model's stored settings: what is not as its preset has it, and the rest. */
export function changedSettings(
  kind: string,
  preset: string,
  stored: unknown,
): { changed: ChangedSetting[]; same: Record<string, unknown> } {
  const usual = startingValues[`${kind}/${preset}`] ?? {};
  const entries = Object.entries((stored ?? {}) as Record<string, unknown>);
  const isSame = ([key, value]: [string, unknown]) => usual[key] === String(value);
  return {
    changed: entries
      .filter((entry) => !isSame(entry))
      .map(([key, value]) => ({
        ...{ key, value: typeof value === 'object' ? JSON.stringify(value) : String(value), preset: usual[key] },
        meaning: settings[kind]?.find((setting) => setting.key === key)?.meaning ?? '',
      })),
    same: Object.fromEntries(entries.filter(isSame)),
  };
}
