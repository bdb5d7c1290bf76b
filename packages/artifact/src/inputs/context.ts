import type { Situation } from '@duet/datasets';
import { type Bags, singleBags } from './bags.ts';
import { rowsOf } from './vocabulary.ts';

/** One thing that is known of a request's situation: a vocabulary, and in training each interaction's table row. */
export interface ContextFeature {
  /** Terms of rows 1, 2, …; row 0 is "unknown". */
  vocabulary: string[];
  /** [interactions]; empty in a model that is read back. */
  row: Int32Array;
}

/** What the names of context features among the user tower's inputs, and of their tables, begin with. */
export const contextPrefix = 'context.';

/** Whether an input of the user tower is a context feature. */
export const isContext = (name: string): boolean => name.startsWith(contextPrefix);

/** What a moment says by itself, in UTC. */
export const momentTerms: Record<string, (moment: Date) => number> = {
  hour: (moment) => moment.getUTCHours(),
  weekday: (moment) => moment.getUTCDay(),
};

/** What a situation says of a feature; undefined where it says nothing. */
function termOf({ time, values }: Situation, name: string): string | undefined {
  const termOfMoment = momentTerms[name];
  if (termOfMoment === undefined || values?.[name] !== undefined) return values?.[name];
  return time === undefined ? undefined : String(termOfMoment(new Date(time * 1000)));
}

/** Turns situations into table rows, by context feature: what a model reads of them. */
export function situationReader(
  context: Record<string, ContextFeature>,
): (situation: Situation | undefined) => Record<string, number> {
  const features = Object.entries(context).map(([name, { vocabulary }]) => [name, rowsOf(vocabulary)] as const);
  return (situation = {}) =>
    Object.fromEntries(
      features.map(([name, rowOf]) => [
        name,
        rowOf.get(termOf(situation, name.slice(contextPrefix.length)) ?? '') ?? 0,
      ]),
    );
}

/** The bags of situations as a reader gives their rows, by input, for `gather`. */
export const contextOfSituations = (
  context: Record<string, ContextFeature>,
  situations: readonly Record<string, number>[],
): Record<string, Bags> =>
  Object.fromEntries(
    Object.keys(context).map((name) => [name, singleBags(Int32Array.from(situations, (rows) => rows[name]!))]),
  );
