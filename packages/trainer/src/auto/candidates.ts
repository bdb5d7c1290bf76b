import { modelOfKind, ownSettings } from '@duet/models';
import type { Facts } from './facts.ts';

/** Settings over the preset `best` that are worth a try on such data. */
export interface Candidate {
  name: string;
  set: Record<string, unknown>;
  /** When such settings are right. */
  why: string;
}

/** Users with long lists, who come back to the same things. */
const longTastes: Candidate = {
  name: 'long tastes',
  set: {},
  why: 'the last hundred items count nearly alike, and each user has an id',
};

/** Few rows a user, each of which says what comes next. */
const lastSteps: Candidate = {
  name: 'last steps',
  set: { history: 30, historyDecay: [0.85, 0.4], historyDropout: 0.4, userIds: false, temperature: 0.1 },
  why: 'the last few items decide, and a user is nothing but what they had',
};

const lastStepsWithIds: Candidate = {
  name: 'last steps and who',
  set: { history: 50, historyDecay: [0.9, 0.5], historyDropout: 0.4, temperature: 0.1 },
  why: 'the last few items decide, beside an id of each user',
};

/** What a user had is a set: no row comes before another. */
const sets: Candidate = {
  name: 'sets',
  set: {
    ...{ history: 500, historyDecay: [1], historyBasket: true, historyDropout: 0.2, userIds: false },
    ...{ loss: 'multi-positive', negatives: 4000, batch: 512, targets: 32, epochs: 12, patience: 0 },
    ...{ learningRate: 0.002, tableLearningRate: 0.01 },
  },
  why: 'all of a user’s items are predicted from the others, for their order is not known',
};

const unordered: Candidate = {
  name: 'long tastes, unordered',
  set: { history: 200, historyDecay: [1], historyBasket: true },
  why: 'a user is the mean of what they had',
};

/** A query is its words. */
const byWords: Candidate = { name: 'words', set: { history: 0 }, why: 'a query is its words, and has no history' };

/** Weights of what a user did not have, by which factorisations differ most. */
const unobserved: Candidate[] = [0.003, 0.03, 0.1, 0.3].map((weight) => ({
  name: `unobserved ${weight}`,
  set: { unobservedWeight: weight },
  why: `what a user did not have weighs ${weight} of what they had`,
}));

/** A user has many items where the median has this many: their tastes outlast their last visit. */
const manyItems = 25;

/** Rows have an order where this share of pairs does. */
const someOrder = 0.5;

/**
 * The settings that the rules leave to be tried, the one that they think best first, each without what the kind does
 * not have. One for a kind whose settings they do not know.
 */
export function candidatesFor(kind: string, facts: Facts): Candidate[] {
  const { family } = modelOfKind(kind);
  const variants =
    family === 'factors'
      ? unobserved
      : facts.queries
        ? [byWords]
        : facts.ordered < someOrder
          ? [sets, unordered]
          : facts.itemsPerUser >= manyItems
            ? [longTastes, lastStepsWithIds, lastSteps]
            : [lastSteps, lastStepsWithIds, longTastes];
  const known = variants.map((candidate) => ({ ...candidate, set: ownSettings(kind, candidate.set) }));
  return known.filter(
    ({ set }, at) => known.findIndex((one) => JSON.stringify(one.set) === JSON.stringify(set)) === at,
  );
}

const percent = (share: number): string => `${Math.round(100 * share)} %`;

/** What the rules saw in the data, as sentences. */
export function readingOf(facts: Facts): string[] {
  const { users, items, interactions, itemsPerUser, ordered, repeats, queries, dated } = facts;
  return [
    `${interactions} rows of ${users} users with ${items} items, half of the users with ${itemsPerUser} items or more.`,
    queries
      ? 'Queries want items.'
      : ordered < someOrder
        ? `Of two rows of a user one is later in ${percent(ordered)}: what a user had is taken as a set.`
        : `Of two rows of a user one is later in ${percent(ordered)}, which the history keeps.`,
    ...(repeats > 0.05 ? [`${percent(repeats)} of the rows are of an item that the user had before.`] : []),
    ...(dated ? [] : ['Rows have no times: what sold lately cannot be told from what sold once.']),
  ];
}
