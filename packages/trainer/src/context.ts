import type { Interactions, Situation } from '@duet/datasets';
import { type Bags, singleBags } from './bags.ts';
import { shared } from './shared.ts';
import { rowsOf } from './vocabulary.ts';

/** One thing that is known of a request's situation: a vocabulary, and in training each interaction's table row. */
export interface ContextFeature {
  /** Terms of rows 1, 2, …; row 0 is "unknown". */
  vocabulary: string[];
  /** [interactions]; empty in a model that is read back. */
  row: Int32Array;
}

/** What the names of context features among the user tower's inputs, and of their tables, begin with. */
const prefix = 'context.';

/** Whether an input of the user tower is a context feature. */
export const isContext = (name: string): boolean => name.startsWith(prefix);

/** What a moment says by itself, in UTC. */
const momentTerms: Record<string, (moment: Date) => number> = {
  hour: (moment) => moment.getUTCHours(),
  weekday: (moment) => moment.getUTCDay(),
};

/** What a situation says of a feature; undefined where it says nothing. */
function termOf({ time, values }: Situation, name: string): string | undefined {
  const told = momentTerms[name];
  if (told === undefined || values?.[name] !== undefined) return values?.[name];
  return time === undefined ? undefined : String(told(new Date(time * 1000)));
}

/** Terms of one training row alone would be learnt by heart. */
const minCount = 2;

/**
 * The features of the interactions' situations, by their names as inputs: the columns that the dataset declares, and with `all` the hour
 * and the weekday of the moment, where it is known. The vocabulary is that of the rows to learn from.
 */
export function buildContext(
  x: Interactions,
  train: Int32Array,
  which: 'none' | 'declared' | 'all',
): Record<string, ContextFeature> {
  if (which === 'none') return {};
  const columns = Object.entries(x.context ?? {});
  if (which === 'all' && (x.clock ?? 'time') === 'time') {
    for (const [name, told] of Object.entries(momentTerms)) {
      if (x.context?.[name]) continue;
      const code = Int32Array.from(x.time, (time) => told(new Date(time * 1000)));
      columns.push([name, { values: Array.from({ length: 24 }, (_, i) => String(i)), code }]);
    }
  }
  return Object.fromEntries(
    columns.map(([name, { values, code }]) => {
      const counts = new Int32Array(values.length);
      for (const row of train) if (code[row]! >= 0) counts[code[row]!]!++;
      const kept = Array.from(counts.keys())
        .filter((place) => counts[place]! >= minCount)
        .sort((a, b) => counts[b]! - counts[a]! || a - b);
      const rowOf = new Int32Array(values.length);
      kept.forEach((place, i) => {
        rowOf[place] = i + 1;
      });
      const row = shared(code.map((place) => (place < 0 ? 0 : rowOf[place]!)));
      return [prefix + name, { vocabulary: kept.map((place) => values[place]!), row }];
    }),
  );
}

/** The bags of these interactions' situations by input, for `gather`; −1 is a situation of which nothing is known. */
export const contextOfRows = (context: Record<string, ContextFeature>, rows: Int32Array): Record<string, Bags> =>
  Object.fromEntries(
    Object.entries(context).map(([name, { row }]) => [name, singleBags(rows.map((at) => (at < 0 ? 0 : row[at]!)))]),
  );

/** Turns situations into table rows, by context feature: what a model hears of them. */
export function situationReader(
  context: Record<string, ContextFeature>,
): (situation: Situation | undefined) => Record<string, number> {
  const features = Object.entries(context).map(([name, { vocabulary }]) => [name, rowsOf(vocabulary)] as const);
  return (situation = {}) =>
    Object.fromEntries(
      features.map(([name, rowOf]) => [name, rowOf.get(termOf(situation, name.slice(prefix.length)) ?? '') ?? 0]),
    );
}

/** The bags of situations as a reader tells them, by input, for `gather`. */
export const contextOfSituations = (
  context: Record<string, ContextFeature>,
  heard: readonly Record<string, number>[],
): Record<string, Bags> =>
  Object.fromEntries(
    Object.keys(context).map((name) => [name, singleBags(Int32Array.from(heard, (rows) => rows[name]!))]),
  );
