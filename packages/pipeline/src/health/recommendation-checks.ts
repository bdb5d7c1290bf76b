import { type Check, type CheckResult, judged, nothingYet, percent } from './check.ts';
import type { HealthFacts } from './facts.ts';

/**
 * Gini coefficient of counts: 0 where all are equal, towards 1 where one has everything.
 *
 * Source: Dixon, Weiner, Mitchell-Olds & Woodley, Bootstrapping the Gini coefficient of inequality, Ecology 68 (1987).
 */
export function gini(counts: readonly number[]): number {
  const sorted = counts.toSorted((a, b) => a - b);
  const total = sorted.reduce((sum, count) => sum + count, 0);
  if (total === 0) return 0;
  const weighted = sorted.reduce((sum, count, i) => sum + (2 * (i + 1) - sorted.length - 1) * count, 0);
  return weighted / (sorted.length * total);
}

const noImpression = nothingYet('No item was seen within seven days.');

/** Why the spread over the catalogue cannot be judged: fewer places than items leave most unseen in any order. */
function tooFewPlaces(seen: HealthFacts['seen']): CheckResult | undefined {
  const places = seen.reduce((sum, { impressions }) => sum + impressions, 0);
  if (places === 0) return noImpression;
  if (places >= seen.length) return undefined;
  return nothingYet(`${places} places were seen within seven days: too few to judge a catalogue of ${seen.length} by.`);
}

const coverage: Check = {
  name: 'catalogue-shown',
  look({ seen }) {
    const tooFew = tooFewPlaces(seen);
    if (tooFew) return tooFew;
    const shown = seen.filter(({ impressions }) => impressions > 0).length;
    const seenShare = shown / seen.length;
    return judged(
      ...([seenShare, { warn: 0.1, fail: 0.02 }] as const),
      `${percent(seenShare)} of the catalogue was seen within seven days (${shown} of ${seen.length} items).`,
      'Raise the diversity of the lists, or boost what is new; see which items are never retrieved.',
    );
  },
};

const concentration: Check = {
  name: 'concentration',
  look({ seen }) {
    const tooFew = tooFewPlaces(seen);
    if (tooFew) return tooFew;
    const impressions = seen.map((item) => item.impressions);
    const value = gini(impressions);
    return judged(
      ...([value, { warn: 0.95, fail: 0.99 }] as const),
      `Impressions are spread over the catalogue with a Gini coefficient of ${value.toFixed(3)} (0: evenly, 1: one item has all).`,
      'Raise the diversity of the lists, and see whether a pin or a boost takes most places.',
    );
  },
};

const neverShown: Check = {
  name: 'never-shown',
  look({ seen }) {
    const bought = seen.filter((item) => item.bought > 0);
    if (bought.length === 0 || seen.every(({ impressions }) => impressions === 0)) return noImpression;
    const missed = bought.filter(({ impressions }) => impressions === 0).length;
    const missedShare = missed / bought.length;
    return judged(
      ...([missedShare, { warn: 0.5, fail: 0.9 }] as const),
      `${missed} of ${bought.length} items that were bought within seven days were not shown once.`,
      'Refresh the model, so that it knows them: npx duet refresh. Look whether rules bury or block them.',
    );
  },
};

const age: Check = {
  name: 'age-of-items',
  look({ seen }) {
    const known = seen.filter((item): item is typeof item & { ageDays: number } => item.ageDays !== null);
    const total = known.reduce((sum, item) => sum + item.impressions, 0);
    const isNew = known.filter(({ ageDays }) => ageDays < 14);
    if (total === 0 || isNew.length === 0)
      return nothingYet('No item is new to the catalogue within 14 days, or none was seen.');
    const places = isNew.reduce((sum, item) => sum + item.impressions, 0) / total;
    const newShare = isNew.length / known.length;
    return judged(
      ...([places / newShare, { warn: 0.2, fail: 0.02 }] as const),
      `Items of the last 14 days are ${percent(newShare)} of the catalogue and had ${percent(places)} of the places.`,
      'Refresh more often, or boost what is new, so that it is seen before it is old.',
    );
  },
};

/**
 * Sums of a category's share of what was shown and of what was bought, halved: 0 where they are alike, 1 where they are
 * apart.
 */
const categories: Check = {
  name: 'categories-shown-and-bought',
  look({ seen }) {
    const impressions = seen.reduce((sum, item) => sum + item.impressions, 0);
    const orders = seen.reduce((sum, item) => sum + item.bought, 0);
    if (impressions === 0 || orders < 50)
      return nothingYet('Too little was bought within seven days to compare categories.');
    const rows = [...Map.groupBy(seen, ({ category }) => category)].map(([category, of]) => {
      const shown = of.reduce((sum, item) => sum + item.impressions, 0) / impressions;
      const bought = of.reduce((sum, item) => sum + item.bought, 0) / orders;
      return { category: category || 'no category', shown, bought };
    });
    const distance = rows.reduce((sum, { shown, bought }) => sum + Math.abs(shown - bought), 0) / 2;
    const [most] = rows.toSorted((a, b) => Math.abs(b.shown - b.bought) - Math.abs(a.shown - a.bought));
    return judged(
      ...([distance, { warn: 0.4, fail: 0.7 }] as const),
      `Categories that are shown and bought differ most in ${most!.category}: ${percent(most!.shown)} of the places, ${percent(most!.bought)} of the orders.`,
      'See which rules push a category, and compare the lists of a few shoppers in the playground.',
    );
  },
};

const empty: Check = {
  name: 'empty-answers',
  look({ answers }) {
    if (answers.all === 0) return nothingYet('Nobody asked within 24 hours.');
    const emptyShare = answers.empty / answers.all;
    return judged(
      ...([emptyShare, { warn: 0.01, fail: 0.1 }] as const),
      `${answers.empty} of ${answers.all} lists of 24 hours were empty.`,
      'See which filters and rules leave nothing: the playground shows them one by one.',
    );
  },
};

const popular: Check = {
  name: 'popularity-fallbacks',
  look({ answers, deployed }) {
    if (answers.all === 0) return nothingYet('Nobody asked within 24 hours.');
    const popularShare = answers.popular / answers.all;
    const remedy =
      deployed.length === 0
        ? 'Nothing is deployed: npx duet refresh, then npx duet deployments.'
        : 'Most of who asks is new to the model: send a history or features with the request, or refresh it.';
    const sentence = `${percent(popularShare)} of ${answers.all} lists of 24 hours were best sellers, not a model's.`;
    return judged(popularShare, { warn: 0.5, fail: 0.95 }, sentence, remedy);
  },
};

/** What goes out: a new check is one line here. */
export const recommendationChecks: readonly Check[] = [
  coverage,
  concentration,
  neverShown,
  age,
  categories,
  empty,
  popular,
];
