import { metrics } from '../metrics/experiment-metrics.ts';
import { layout, type Measure, type UserSums, userSums } from '../metrics/measures.ts';
import { parseSettings } from '../plan/experiment-settings.ts';
import { assemble, type Source } from '../report/assemble.ts';
import type { Report } from '../report/shape.ts';

/** One user's values; the rest are zero. For tests. */
export type Values = Partial<Record<Measure, number>>;

/** What a rollup would hold of these users. */
export function sumsOf(users: readonly Values[]): UserSums {
  const value = (user: Values, measure: Measure) => BigInt(user[measure] ?? 0);
  const sum = (of: (user: Values) => bigint) => users.reduce((total, user) => total + of(user), 0n);
  return userSums(BigInt(users.length), [
    ...layout.known.map((measure) => sum((user) => value(user, measure))),
    ...layout.pairs.map(([a, b]) => sum((user) => value(user, a) * value(user, b))),
  ]);
}

/**
 * `n` users of whom the first `buyers` order once, each for `gmvMinor`, and who click `clicks` times of ten in turn.
 */
export const crowd = (n: number, { clicks = [1, 2], buyers = 0, gmvMinor = 1000, past = false } = {}): Values[] =>
  Array.from({ length: n }, (_, i) => {
    const ordered = i < buyers ? 1 : 0;
    const userClicks = clicks[i % clicks.length]!;
    // Baskets differ, or nothing could be said of them.
    const gmv = ordered * (gmvMinor + (i % 7) * 100);
    return {
      impressions: 10,
      clicks: userClicks,
      orders: ordered,
      buyers: ordered,
      gmvMinor: gmv,
      gmvCappedMinor: Math.min(gmv, 1500),
      netMinor: gmv,
      ...(past && { preImpressions: 10, preClicks: userClicks + (i % 3 === 0 ? 1 : 0) }),
    };
  });

/** A report on made-up users: control first. `days` are what had happened by the end of each, the last one in all. */
export function madeUp(
  arms: Record<string, readonly Values[]>,
  {
    experiment,
    days,
    settings,
    ...more
  }: Partial<Omit<Source, 'experiment' | 'settings'>> & {
    experiment?: Partial<Source['experiment']>;
    settings?: Parameters<typeof parseSettings>[0];
    days?: Record<string, readonly Values[]>[];
  } = {},
): Report {
  const names = Object.keys(arms);
  const sums = (of: Record<string, readonly Values[]>) =>
    new Map(Object.entries(of).flatMap(([name, users]) => (users.length > 0 ? [[name, sumsOf(users)] as const] : [])));
  return assemble({
    experiment: {
      id: '01890000-0000-7000-8000-000000000001',
      name: 'dat-vs-two-tower',
      status: 'running',
      design: 'ab',
      primaryMetric: 'ctr',
      startedAt: '2026-03-02T00:00:00.000Z',
      stoppedAt: null,
      plannedEndAt: '2026-03-16T00:00:00.000Z',
      simulated: false,
      aa: false,
      decision: null,
      ...experiment,
    },
    phase: 1,
    past: false,
    phases: [{ phase: 1, startedAt: '2026-03-02T00:00:00.000Z', endedAt: null }],
    segment: null,
    currency: 'GBP',
    arms: names.map((name, i) => ({
      id: name,
      name,
      control: i === 0,
      weight: 1 / names.length,
      modelId: '01890000-0000-7000-8000-00000000000a',
      follows: null,
    })),
    settings: parseSettings(settings ?? {}),
    metrics,
    rollup: {
      through: new Date('2026-03-09T12:00:00Z'),
      usersInTwoArms: 0,
      excludedUsers: 0,
      lateEvents: 0,
      days: (days ?? [arms]).map((day, i) => ({ day: `2026-03-${String(2 + i).padStart(2, '0')}`, arms: sums(day) })),
      total: sums(arms),
      segments: [],
    },
    championChanges: [],
    outliers: [],
    interleaved: [],
    served: new Map(),
    segments: [],
    parts: [],
    level: 0.95,
    liftMethod: 'fieller',
    now: new Date('2026-03-09T12:00:00Z'),
    ...more,
  });
}
