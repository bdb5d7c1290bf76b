import type { Interval } from '@duet/statistics';
import type { Metric } from '../metrics/experiment-metrics.ts';
import type { ArmReport, Guardrail } from './shape.ts';

/**
 * Whether each guardrail holds in each arm, by an interval that must hold at this look: passed where all of it lies
 * within the limit, breached where all of it lies beyond, else undecided, as everything is with fewer than
 * `minimumUsers` in an arm, where every interval is too rough.
 *
 * A guardrail is a test of non-inferiority for each metric alone: its error rate is shared by the treatments, so that
 * with several no more is stopped for nothing than with one, and not by the guardrails of other metrics, since each of
 * them is a promise of its own.
 */
export function guardrailStates(
  guardrails: readonly { metric: string; maxRelativeLoss: number }[],
  arms: readonly ArmReport[],
  metrics: readonly Metric[],
  { minimumUsers, intervalOf }: { minimumUsers: number; intervalOf: (arm: ArmReport, metric: Metric) => Interval },
): Guardrail[] {
  const tooFew = arms.some(({ weight, users }) => weight > 0 && users < minimumUsers);
  return guardrails.flatMap(({ metric: key, maxRelativeLoss }) => {
    const metric = metrics.find((known) => known.key === key);
    if (!metric) return [];
    return arms.flatMap((arm) => {
      if (arm.lift === null || arm.weight === 0) return [];
      const relative = intervalOf(arm, metric);
      const state = tooFew ? 'undecided' : stateOf(relative, maxRelativeLoss, metric);
      return [{ metric: key, armId: arm.id, maxRelativeLoss, relative, state }];
    });
  });
}

function stateOf({ low, high }: Interval, maxRelativeLoss: number, { direction }: Metric): Guardrail['state'] {
  if (low === null || high === null) return 'undecided';
  const [worst, best] = direction === 'up' ? [low, high] : [-high, -low];
  if (worst >= -maxRelativeLoss) return 'passed';
  return best < -maxRelativeLoss ? 'breached' : 'undecided';
}
