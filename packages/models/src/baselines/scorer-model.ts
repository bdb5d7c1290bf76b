import type { Progress } from '@duet/base';
import type { Executor } from '../graph/executor.ts';
import type { Described } from '../settings/described.ts';
import type { SettingsOf, SettingsTable } from '../settings/setting.ts';

/** What a model that only scores is made from. */
export interface ScorerInput {
  executor: Executor;
  /** Each user's distinct items, by user row. */
  lists: readonly Int32Array[];
  items: number;
  progress: Progress;
}

/** Writes the score of every item [items] for a user with these distinct items; higher is better. */
export type ItemScorer = (list: Int32Array, scores: Float32Array) => void;

/** A model that needs no training: it has no vectors, and is measured but not served. */
export interface ScorerModel<Table extends SettingsTable = SettingsTable> extends Described {
  family: 'scorer';
  settings: Table;
  fit(input: ScorerInput, settings: SettingsOf<Table>): ItemScorer | Promise<ItemScorer>;
}

export const scorer = <Table extends SettingsTable>(model: Omit<ScorerModel<Table>, 'family'>): ScorerModel<Table> => ({
  family: 'scorer',
  ...model,
});
