import { holm } from '@duet/statistics';
import type { Metric } from '../metrics/experiment-metrics.ts';
import type { RolledUp } from '../rollup/read-rollup.ts';
import { type Comparing, estimateOf, fixedDifference, sequentialDifference } from './compare.ts';
import { countsOf } from './counts.ts';
import type { LiftSeries, Report } from './shape.ts';

interface NamedArm {
  id: string;
  control: boolean;
}

/** Every metric's lift in every arm with all that had happened by the end of each day. */
export function seriesOf(
  days: RolledUp['days'],
  arms: readonly NamedArm[],
  metrics: readonly Metric[],
  comparing: Comparing,
): LiftSeries[] {
  const control = arms.find((arm) => arm.control);
  const treatments = arms.filter((arm) => !arm.control);
  if (!control) return [];
  return metrics.flatMap((metric) => {
    const looks = days.map(({ day, arms: sums }) => {
      const baseline = estimateOf(sums.get(control.id), metric);
      const estimates = treatments.map(({ id }) => estimateOf(sums.get(id), metric));
      const fixed = estimates.map((estimate) => fixedDifference(baseline, estimate, comparing));
      const ps = holm(fixed.map(({ p }) => p));
      return estimates.map((estimate, i) => ({
        day,
        users: countsOf(sums.get(treatments[i]!.id)).users,
        relative: fixed[i]!.relative,
        p: ps[i]!,
        sequence: sequentialDifference(baseline, estimate, comparing).relative,
      }));
    });
    return treatments.map(({ id }, i) => ({ metric: metric.key, armId: id, points: looks.map((arms) => arms[i]!) }));
  });
}

/** What happened on each day, from what had happened by the end of it. */
export function dailyCounts(days: RolledUp['days'], arms: readonly NamedArm[]): Report['days'] {
  return days.flatMap(({ day, arms: sums }, place) =>
    arms.flatMap(({ id }) => {
      const counts = countsOf(sums.get(id), days[place - 1]?.arms.get(id));
      if (Object.values(counts).every((count) => count === 0)) return [];
      return [{ day, armId: id, ...counts, ctr: counts.impressions === 0 ? null : counts.clicks / counts.impressions }];
    }),
  );
}
