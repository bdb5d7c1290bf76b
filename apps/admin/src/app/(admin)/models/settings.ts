import { modelKinds } from '@duet/models';
import { presets, resolveSettings, trainingSettings } from '@duet/trainer';
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

const properties = z.toJSONSchema(trainingSettings).properties as Record<string, Property>;

/** The form's fields, from the trainer's own schema: a setting added there appears here. */
export const settings: Setting[] = Object.entries(properties).map(([key, { type, enum: values, description }]) => ({
  key,
  meaning: description ?? '',
  type: type === 'array' ? 'list' : type === 'boolean' || values ? 'choice' : 'number',
  choices: type === 'boolean' ? ['true', 'false'] : (values ?? []),
}));

export const trainedKinds = modelKinds.filter(({ family }) => family === 'tower');
export const presetNames = Object.keys(presets);

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
export function readSetting(key: string, text: string): unknown {
  const { type, choices } = settings.find((setting) => setting.key === key) ?? { type: 'number', choices: [] };
  const number = (part: string) => (part.trim() === '' || Number.isNaN(Number(part)) ? part : Number(part));
  if (type === 'list') return text.split(',').map(number);
  if (type === 'choice') return choices.includes('true') ? text === 'true' : text;
  return number(text);
}
