import { benjaminiHochberg } from '@duet/statistics';
import type { Metric } from '../metrics/experiment-metrics.ts';
import type { RolledUp } from '../rollup/read-rollup.ts';
import { armInterval } from './arm-estimate.ts';
import { adjustedDifferences, type Comparing, comparisonOf } from './compare.ts';
import { countsOf } from './counts.ts';
import type { Basis, Breakdown, SegmentLift } from './shape.ts';

export interface SegmentSums {
  dimension: string;
  value: string;
  arms: RolledUp['total'];
}

/**
 * Each metric within each value of each dimension. A breakdown is where differences are found by looking often enough,
 * so every p is adjusted for all values and arms of its dimension: by Benjamini and Hochberg for what is worth another
 * experiment, by Holm for what may be claimed. Intervals agree with Holm's.
 */
export function breakdownsOf(
  segments: readonly SegmentSums[],
  arms: readonly { id: string; control: boolean }[],
  metrics: readonly Metric[],
  comparing: Comparing,
  basis: Basis,
): Breakdown[] {
  const control = arms.find((arm) => arm.control);
  return [...new Set(segments.map(({ dimension }) => dimension))].map((dimension) => {
    const values = segments.filter((segment) => segment.dimension === dimension);
    const lifts = new Map(metrics.map((metric) => [metric.key, liftsOf(metric)]));
    return {
      dimension,
      rows: values.map(({ value, arms: sums }, row) => ({
        value,
        arms: arms.map((arm) => ({
          armId: arm.id,
          ...countsOf(sums.get(arm.id)),
          metrics: Object.fromEntries(
            metrics.map((metric) => [metric.key, armInterval(sums.get(arm.id), metric, comparing.level)]),
          ),
          lift:
            arm.control || !control
              ? null
              : Object.fromEntries(metrics.map(({ key }) => [key, lifts.get(key)!.get(`${row} ${arm.id}`)!])),
        })),
      })),
    };

    /** One metric's lifts in all values of the dimension, by row and arm. */
    function liftsOf(metric: Metric): Map<string, SegmentLift> {
      const found = values.flatMap(({ arms: sums }, row) =>
        arms
          .filter((arm) => !arm.control)
          .map((arm) => ({
            key: `${row} ${arm.id}`,
            comparison: comparisonOf(control && sums.get(control.id), sums.get(arm.id), metric),
          })),
      );
      const differences = adjustedDifferences(
        found.map(({ comparison }) => comparison),
        basis,
        comparing,
      );
      const byBenjaminiHochberg = benjaminiHochberg(differences.map(({ p }) => p));
      return new Map(
        differences.map(({ adjustedP, ...difference }, i) => [
          found[i]!.key,
          { ...difference, adjusted: { holm: adjustedP, benjaminiHochberg: byBenjaminiHochberg[i]! } },
        ]),
      );
    }
  });
}
