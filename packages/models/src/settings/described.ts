import type { SettingsTable } from './setting.ts';

/** What Duet says of a model of any family. */
export interface Described {
  /** Its key: what `--model` takes, and what artifacts and database rows hold. */
  kind: string;
  title: string;
  /** One sentence for the admin. */
  summary: string;
  /** All its settings. */
  settings: SettingsTable;
  /** Settings that this kind starts from, over the preset's. */
  defaults?: Readonly<Record<string, unknown>>;
}
