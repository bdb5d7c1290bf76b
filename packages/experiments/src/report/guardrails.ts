import type { Interval } from '@duet/statistics';
import type { ArmReport, Basis, Guardrail, ReportMetric } from './shape.ts';

/**
 * Whether each guardrail holds in each arm, by the interval of `basis`, which must hold at this look: passed where all of
 * it lies within the limit, breached where all of it lies beyond, else undecided, as everything is with fewer than
 * `minimumUsers` in an arm, where both kinds of interval are too rough. A guardrail is a test of non-inferiority for each
 * arm and metric alone; it is not corrected for their number, since caution errs towards stopping.
 */
export function guardrailStates(
  guardrails: readonly { metric: string; maxRelativeLoss: number }[],
  arms: readonly ArmReport[],
  metrics: readonly ReportMetric[],
  { basis, minimumUsers }: { basis: Basis; minimumUsers: number },
): Guardrail[] {
  const tooFew = arms.some(({ weight, users }) => weight > 0 && users < minimumUsers);
  return guardrails.flatMap(({ metric: key, maxRelativeLoss }) => {
    const metric = metrics.find((known) => known.key === key);
    if (!metric) return [];
    return arms.flatMap((arm) => {
      if (arm.lift === null || arm.weight === 0) return [];
      const lift = arm.lift[key]!;
      const { relative } = basis === 'sequence' ? lift.sequence : lift;
      return [
        {
          metric: key,
          armId: arm.id,
          maxRelativeLoss,
          relative,
          state: tooFew ? 'undecided' : stateOf(relative, maxRelativeLoss, metric),
        },
      ];
    });
  });
}

function stateOf({ low, high }: Interval, maxRelativeLoss: number, { direction }: ReportMetric): Guardrail['state'] {
  if (low === null || high === null) return 'undecided';
  const [worst, best] = direction === 'up' ? [low, high] : [-high, -low];
  if (worst >= -maxRelativeLoss) return 'passed';
  return best < -maxRelativeLoss ? 'breached' : 'undecided';
}
