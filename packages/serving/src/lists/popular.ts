import type { Retrieved } from '../search.ts';
import { type Activity, activityIn, dayCounts, daySeconds, type ListData } from './activity.ts';

export const windows = { day: 1, week: 7, month: 28 } as const;
export type Window = keyof typeof windows | 'all';

/** The newest thing that is known of a dataset, Unix seconds, from which windows are counted back. */
function newestOf(dataset: ListData, live: Activity | undefined): number {
  return Math.max(dayCounts(dataset)?.newest ?? -Infinity, live?.newest ?? -Infinity);
}

/** Items by falling score, those above `least` alone; ties by row. */
function byScore(scores: Float64Array, least = 0): Retrieved[] {
  const found: Retrieved[] = [];
  for (let item = 0; item < scores.length; item++)
    if (scores[item]! > least) found.push({ item, score: scores[item]! });
  return found.sort((a, b) => b.score - a.score || a.item - b.item);
}

/** The items that were bought most in the time that the window says, up to now. */
export function popularIn(dataset: ListData, live: Activity | undefined, window: Window): Retrieved[] {
  if (window === 'all') {
    const { popularity } = dataset.facts;
    const scores = activityIn(dataset, live, { from: (dayCounts(dataset)?.newest ?? 0) + 1, to: Infinity });
    for (let item = 0; item < popularity.length; item++) scores[item]! += popularity[item]!;
    return byScore(scores);
  }
  const to = newestOf(dataset, live) + 1;
  return byScore(activityIn(dataset, live, { from: to - windows[window] * daySeconds, to }));
}

/** Weight of the shop's mean item in what is expected of one that sold nothing before. */
const prior = 1;

/**
 * The items that sell more than they did in the four weeks before, most surprising first: the signed Poisson deviance
 * of what happened in the window against what those weeks would give, n·ln(n / e) − (n − e), which asks for much and
 * for more than usual at once.
 */
export function trendingIn(
  dataset: ListData,
  live: Activity | undefined,
  window: Exclude<Window, 'all' | 'month'>,
): Retrieved[] {
  const to = newestOf(dataset, live) + 1;
  const from = to - windows[window] * daySeconds;
  const recent = activityIn(dataset, live, { from, to });
  const before = activityIn(dataset, live, { from: from - windows.month * daySeconds, to: from });
  const sum = (values: Float64Array) => values.reduce((total, value) => total + value, 0);
  const [allRecent, allBefore] = [sum(recent), sum(before)];
  const items = Math.max(
    1,
    recent.reduce((count, n, item) => count + Number(n > 0 || before[item]! > 0), 0),
  );
  const scores = recent.map((n, item) => {
    const expected = (allRecent * (before[item]! + prior)) / (allBefore + prior * items);
    return n > expected ? n * Math.log(n / expected) - (n - expected) : 0;
  });
  return byScore(scores);
}
