import type { Report } from '@duet/experiments';
import { scaleOf } from './metric.ts';

type Arm = Report['arms'][number];
type Lift = NonNullable<Arm['lift']>[string];

/** One metric in one arm against control. */
export interface ScorecardRow {
  metric: Report['metrics'][number];
  arm: Arm;
  lift: Lift;
  /** The interval and p value that the report is judged by: of the confidence sequence, or at the planned end. */
  judged: Pick<Lift, 'relative' | 'adjustedP'>;
  /** What both ends of the metric's drawn lifts stand for. */
  scale: [number, number];
  /** Rows of the metric from here on in the first of them, 0 in the others. */
  span: number;
}

/** Every metric in every arm, the primary metric first, arms in their order within each. */
export function scorecardRows({ arms, metrics, experiment, basis }: Report): ScorecardRow[] {
  const treatments = arms.flatMap((arm) =>
    arm.control || arm.weight === 0 || !arm.lift ? [] : [{ arm, lift: arm.lift }],
  );
  const isPrimary = ({ key }: { key: string }) => Number(key === experiment.primaryMetric);
  return metrics
    .toSorted((a, b) => isPrimary(b) - isPrimary(a))
    .flatMap((metric) => {
      const lifts = treatments.map(({ lift }) => lift[metric.key]!);
      const scale = scaleOf(lifts.flatMap(({ relative, sequence }) => [relative, sequence.relative]));
      return treatments.map(({ arm }, place) => {
        const lift = lifts[place]!;
        return {
          ...{ metric, arm, lift, scale },
          judged: basis === 'sequence' ? lift.sequence : lift,
          span: place === 0 ? treatments.length : 0,
        };
      });
    });
}
