// Runs in the browser too, beside the form: nothing here may need Node.
import { minimumDetectableEffect, type PowerPlan, requiredUsers } from '@duet/statistics';

/** What a shop's users did within one window of its history. */
export interface HistoryWindow {
  days: number;
  users: number;
  /** By metric: its value, and the variance between users (linearised for a ratio). */
  metrics: Record<string, { mean: number; variance: number }>;
  /** The quantile of a user's GMV that was asked for, in minor units. */
  gmvQuantileMinor: number;
}

export interface ShopHistory {
  /** `interactions` of the dataset know those users alone who bought something. */
  source: 'events' | 'interactions' | 'none';
  /** Where the windows end: ISO 8601; null where there is no history. */
  until: string | null;
  /** The shortest first. */
  windows: HistoryWindow[];
}

export interface PlannedTest {
  metric: string;
  /** Of the arms, control first. */
  weights: readonly number[];
  plannedDays: number;
  /** Share of all users who can be in it: of the layer, of the traffic, not held out. */
  share: number;
  alpha: number;
  sequential: boolean;
  /** Below this many users in an arm nothing is concluded. */
  minimumUsers: number;
  power: number;
}

export interface Prospect {
  /** Users in all arms together at the planned end. */
  users: number;
  /** What these find with the wanted power. */
  effect: { absolute: number; relative: number | null } | undefined;
}

/**
 * Users of both arms at which a confidence sequence is tightest: ten times what must be there for any conclusion. It
 * has to be fixed beforehand, so it follows from a setting that a running phase cannot change. At a hundred times as
 * many the sequence is a fifth wider than it could be, no more.
 */
export const tunedForOf = ({ minimumUsers }: { minimumUsers: number }): number => 10 * 2 * minimumUsers;

const planOf = (test: PlannedTest, { mean, variance }: { mean: number; variance: number }): PowerPlan => ({
  ...{ baseline: { mean, variance }, weights: test.weights, alpha: test.alpha },
  ...{ sequential: test.sequential, tunedFor: tunedForOf(test), varianceFloor: true },
});

/** History within `days`: between two windows it is interpolated, outside them it is the nearest one's. */
function windowAt({ windows }: ShopHistory, days: number, metric: string) {
  const known = windows.filter((window) => window.metrics[metric] !== undefined);
  const upper = known.find((window) => window.days >= days) ?? known.at(-1);
  if (upper === undefined) return undefined;
  const lower = known.findLast((window) => window.days <= days) ?? upper;
  const t = upper.days === lower.days ? 0 : (days - lower.days) / (upper.days - lower.days);
  const between = (a: number, b: number) => a + t * (b - a);
  const [a, b] = [lower.metrics[metric]!, upper.metrics[metric]!];
  return {
    users: between(lower.users, upper.users),
    mean: between(a.mean, b.mean),
    variance: between(a.variance, b.variance),
  };
}

/** What a test of that length can find in this shop; undefined where its history says nothing of the metric. */
export function prospectOf(history: ShopHistory, test: PlannedTest): Prospect | undefined {
  const window = windowAt(history, test.plannedDays, test.metric);
  if (window === undefined || window.mean === 0) return undefined;
  const users = Math.floor(window.users * test.share);
  const effect =
    users < 2 * test.weights.length ? undefined : minimumDetectableEffect(planOf(test, window), users, test.power);
  return { users, effect };
}

/**
 * Days until an effect of that size, as a share of control, is found with the wanted power, and users by then; "never"
 * where the history's longest window has too few users.
 */
export function daysFor(
  history: ShopHistory,
  test: PlannedTest,
  relative: number,
): { days: number; users: number } | 'never' | undefined {
  const longest = history.windows.at(-1)?.days ?? 0;
  let known = false;
  for (let days = 1; days <= longest; days++) {
    const window = windowAt(history, days, test.metric);
    if (window === undefined || window.mean === 0) continue;
    known = true;
    const needed = requiredUsers(planOf(test, window), { relative }, test.power);
    if (needed !== undefined && needed.users <= window.users * test.share) return { days, users: needed.users };
  }
  return known ? 'never' : undefined;
}
