import { z } from 'zod';

/** Where one setting is drawn from. Both ends count; `integer` rounds; `zero` is the share of draws that are 0. */
export type Range =
  | { choice: readonly unknown[] }
  | { uniform: readonly [number, number]; integer?: true; zero?: number }
  | { log: readonly [number, number]; integer?: true; zero?: number };

/** Settings that decide whether another one is searched, and where. */
export interface SearchBase {
  loss: 'sigmoid' | 'softmax' | 'multi-positive';
  history: number;
  augmentedDims: number;
  itemItemWeight: number;
}

/** The range of a tuning around these settings; false leaves the setting as it is. */
export type Search = Range | ((base: SearchBase) => Range | false) | false;

/**
 * Presets with values of their own: as published, to the letter; as published, with what it leaves open or that does
 * not learn put right; better within a minute of CPU; better still, in minutes.
 */
export const valuePresets = ['paper', 'adapted', 'fast', 'best'] as const;
export type ValuePreset = (typeof valuePresets)[number];

/** What a training may start from: `auto` is `best` with what the trainer finds out about the data. */
export const presetNames = ['auto', ...valuePresets] as const;
export type Preset = (typeof presetNames)[number];

/** What some models trained by gradient have and others have not. */
export type Part =
  | 'user-ids'
  | 'layers'
  | 'output-relu'
  | 'identity-start'
  | 'normalize'
  | 'interests'
  | 'pooled-history'
  | 'several-positives'
  | 'augmented-vectors';

/** A setting of a model: all that Duet knows of it. */
export interface Setting<Schema extends z.ZodType = z.ZodType> {
  schema: Schema;
  /** One sentence for forms, help and errors. */
  meaning: string;
  /** Value in each preset. One without its own has that of the preset before it. */
  paper: z.infer<Schema>;
  adapted?: z.infer<Schema>;
  fast?: z.infer<Schema>;
  best?: z.infer<Schema>;
  /** The part of a model that it is about; every model trained by gradient has those without. */
  part?: Part;
  /** Whether there are models from before the setting: they have its value in `adapted`. */
  later?: true;
  search?: Search;
}

export type SettingsTable = Readonly<Record<string, Setting>>;

/** The values that fit a table. */
export type SettingsOf<Table extends SettingsTable> = {
  -readonly [Name in keyof Table]: z.infer<Table[Name]['schema']>;
};

/** A setting whose values are checked against its schema at compile time. */
export const setting = <Schema extends z.ZodType>(described: Setting<Schema>): Setting<Schema> => described;

/** The table's schema: settings that it does not have are refused. */
export function schemaOf<Table extends SettingsTable>(table: Table): z.ZodObject & z.ZodType<SettingsOf<Table>> {
  const fields = Object.entries(table).map(([name, { schema, meaning, paper, adapted = paper, later }]) => [
    name,
    (later ? schema.default(adapted as z.util.NoUndefined<unknown>) : schema).describe(meaning),
  ]);
  return z.strictObject(Object.fromEntries(fields)) as unknown as z.ZodObject & z.ZodType<SettingsOf<Table>>;
}

/** The table's values in a preset, in its order. */
export const valuesOf = <Table extends SettingsTable>(table: Table, preset: ValuePreset): SettingsOf<Table> =>
  Object.fromEntries(
    Object.entries(table).map(([name, { paper, adapted = paper, fast = adapted, best = fast }]) => [
      name,
      { paper, adapted, fast, best }[preset],
    ]),
  ) as SettingsOf<Table>;
