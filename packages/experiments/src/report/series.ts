import type { Metric } from '../metrics/experiment-metrics.ts';
import type { RolledUp } from '../rollup/read-rollup.ts';
import { adjustedDifferences, type Comparing, comparisonOf } from './compare.ts';
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
      const comparisons = treatments.map(({ id }) => comparisonOf(sums.get(control.id), sums.get(id), metric));
      const fixed = adjustedDifferences(comparisons, 'fixed', comparing);
      const sequence = adjustedDifferences(comparisons, 'sequence', comparing);
      return treatments.map(({ id }, i) => ({
        day,
        users: countsOf(sums.get(id)).users,
        relative: fixed[i]!.relative,
        p: fixed[i]!.adjustedP,
        sequence: sequence[i]!.relative,
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
