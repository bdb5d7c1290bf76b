import {
  type AdjustedMetric,
  type Baseline,
  confidenceSequence,
  cuped,
  deltaRatio,
  differenceOf,
  type Estimate,
  liftSequence,
  type MeasureSums,
  momentsOf,
  pairMoments,
  prePost,
  relativeLift,
  welch,
} from '@duet/statistics';
import { arm, type Measure, noTreatment, type Plan, type Treatment } from './drawn-shoppers.ts';
import { stream } from './rng.ts';

type MetricPlan = Pick<AdjustedMetric<Measure>, 'numerator' | 'denominator'> & Partial<AdjustedMetric<Measure>>;

/** The report's metrics; those with a past are adjusted by it. */
const metrics: Record<string, MetricPlan> = {
  ctr: { numerator: 'clicks', denominator: 'impressions' },
  conversion: { numerator: 'buyers', denominator: 'users' },
  clicksPerUser: { numerator: 'clicks', denominator: 'users' },
  ordersPerUser: { numerator: 'orders', denominator: 'users' },
  gmvPerUser: { numerator: 'gmvMinor', denominator: 'users' },
  gmvCappedPerUser: { numerator: 'gmvCappedMinor', denominator: 'users' },
  gmvPerExposure: { numerator: 'gmvMinor', denominator: 'impressions' },
  averageOrderValue: { numerator: 'gmvMinor', denominator: 'orders' },
  ctrCuped: {
    numerator: 'clicks',
    denominator: 'impressions',
    preNumerator: 'preClicks',
    preDenominator: 'preImpressions',
  },
  clicksPerUserCuped: {
    numerator: 'clicks',
    denominator: 'users',
    preNumerator: 'preClicks',
    preDenominator: 'users',
  },
  ordersPerUserCuped: {
    numerator: 'orders',
    denominator: 'users',
    preNumerator: 'preOrders',
    preDenominator: 'users',
  },
  gmvCappedPerUserCuped: {
    numerator: 'gmvCappedMinor',
    denominator: 'users',
    preNumerator: 'preGmvCappedMinor',
    preDenominator: 'users',
  },
};
export const names = Object.keys(metrics);

type Arms = [control: MeasureSums<Measure>, treatment: MeasureSums<Measure>];
const isAdjusted = (metric: MetricPlan): metric is AdjustedMetric<Measure> => metric.preNumerator !== undefined;

/** Both arms' estimates of a metric, as a report makes them. */
function estimatesOf(
  metric: MetricPlan,
  arms: Arms,
): { estimates: Estimate[]; correlation: number | null } | undefined {
  if (isAdjusted(metric)) {
    const parts = arms.flatMap((sums) => prePost(pairMoments(sums), metric) ?? []);
    return parts.length === 2 ? cuped(parts) : undefined;
  }
  const estimates = arms.flatMap((sums) => deltaRatio(pairMoments(sums)(metric.numerator, metric.denominator)) ?? []);
  return estimates.length === 2 ? { estimates, correlation: null } : undefined;
}

/** One metric on one day of one experiment: both arms' estimates; undefined where the data do not determine them. */
type Look = { estimates: Estimate[]; correlation: number | null } | undefined;

/** Many experiments of the same plan: every metric's estimates on every day, and what was true of them. */
export interface Runs {
  plan: Plan;
  /** [experiment][day][metric] */
  looks: Look[][][];
  /**
   * Values of both arms over all experiments' shoppers together, which is as near to the truth as matters:
   * [day][metric].
   */
  truth: [control: number, treatment: number][][];
}

export function simulate(
  tests: number,
  plan: Plan,
  treatment: Treatment,
  seed: number,
  progress: (done: number) => void,
): Runs {
  const pooled = Array.from({ length: plan.days }, () => names.map(() => [0, 0, 0, 0]));
  const looks: Look[][][] = [];
  for (let test = 0; test < tests; test++) {
    const [control, treated] = [noTreatment, treatment].map((effect, side) =>
      arm(plan, effect, stream(seed, 2 * test + side)),
    ) as [MeasureSums<Measure>[], MeasureSums<Measure>[]];
    looks.push(
      control.map((before, day) => {
        const arms: Arms = [before, treated[day]!];
        return names.map((name, i) => {
          const { numerator, denominator } = metrics[name]!;
          const total = pooled[day]![i]!;
          for (const [side, { sums }] of arms.entries()) {
            total[2 * side]! += Number(sums[numerator]);
            total[2 * side + 1]! += Number(sums[denominator]);
          }
          return estimatesOf(metrics[name]!, arms);
        });
      }),
    );
    progress(test + 1);
  }
  const truth = pooled.map((day) => day.map(([a, b, c, d]): [number, number] => [a! / b!, c! / d!]));
  return { plan, looks, truth };
}

const ratio = (hits: number, of: number) => hits / of;

/** The first day of which a report concludes anything. */
const firstLook = ({ usersPerArm, days }: Plan) => Math.min(days - 1, Math.floor((100 / usersPerArm) * days));

/**
 * Share of A/A experiments in which a metric differs "significantly": at the end; at any day's look; and at any by the
 * sequence.
 */
export function falsePositives({ looks, plan }: Runs) {
  const start = firstLook(plan);
  const options = { tunedFor: 2 * plan.usersPerArm };
  const fixed = (look: Look) => look !== undefined && (welch(look.estimates[0]!, look.estimates[1]!).p ?? 1) <= 0.05;
  const always = (look: Look) =>
    look !== undefined &&
    (confidenceSequence(differenceOf(look.estimates[0]!, look.estimates[1]!), options).p ?? 1) <= 0.05;
  const perMetric = (holds: (days: Look[]) => boolean) =>
    Object.fromEntries(
      names.map((name, i) => [
        name,
        ratio(looks.filter((days) => holds(days.map((metric) => metric[i]))).length, looks.length),
      ]),
    );
  return {
    atEnd: perMetric((days) => fixed(days.at(-1))),
    peekingFixed: perMetric((days) => days.slice(start).some(fixed)),
    peekingSequential: perMetric((days) => days.slice(start).some(always)),
  };
}

/**
 * Of each adjusted metric: how much smaller the variance of its difference is over all experiments than the plain
 * metric's, and what theory says, ρ².
 */
export function varianceReductions({ looks }: Runs) {
  const differences = (i: number) =>
    looks.flatMap((days) => {
      const look = days.at(-1)![i];
      return look ? [look.estimates[1]!.value - look.estimates[0]!.value] : [];
    });
  const variance = (values: number[]) => momentsOf(values, values).varianceX;
  return Object.fromEntries(
    names.flatMap((name, i) => {
      if (!isAdjusted(metrics[name]!)) return [];
      const plain = names.indexOf(name.replace('Cuped', ''));
      const squares = looks.flatMap((days) => (days.at(-1)![i]?.correlation ?? 0) ** 2);
      const theory = squares.reduce((sum, x) => sum + x, 0) / squares.length;
      return [[name, { measured: 1 - variance(differences(i)) / variance(differences(plain)), theory }]];
    }),
  );
}

/** What a metric is before anything changes, from the control arms of many experiments. */
export function baselines({ looks, truth }: Runs): Record<string, Baseline> {
  return Object.fromEntries(
    names.map((name, i) => {
      const variances = looks.flatMap((days) => {
        const control = days.at(-1)![i]?.estimates[0];
        return control ? [control.variance * control.n] : [];
      });
      const variance = variances.reduce((sum, x) => sum + x, 0) / variances.length;
      return [name, { mean: truth.at(-1)![i]![0], variance }];
    }),
  );
}

/** Share of experiments whose Welch test at the end finds the difference. */
export const found = (runs: Runs): Record<string, number> => falsePositives(runs).atEnd;

/** p values of every metric at the end, [experiment][metric]. */
export const pValues = ({ looks }: Runs): (number | null)[][] =>
  looks.map(
    (days) => days.at(-1)!.map((look) => look && welch(look.estimates[0]!, look.estimates[1]!).p) as (number | null)[],
  );

/**
 * Share of experiments whose interval holds the true difference and the true lift: at the end, and by the sequence on
 * every day.
 */
export function coverage({ looks, truth, plan }: Runs) {
  const start = firstLook(plan);
  const options = { tunedFor: 2 * plan.usersPerArm };
  const holds = ({ low, high }: { low: number | null; high: number | null }, value: number) =>
    low === null || high === null || (low <= value && value <= high);
  const perMetric = (covers: (look: NonNullable<Look>, truth: [number, number]) => boolean, from: number) =>
    Object.fromEntries(
      names.map((name, i) => [
        name,
        ratio(
          looks.filter((days) =>
            days.slice(from).every((metric, day) => !metric[i] || covers(metric[i], truth[from + day]![i]!)),
          ).length,
          looks.length,
        ),
      ]),
    );
  const last = plan.days - 1;
  return {
    absolute: perMetric(({ estimates: [a, b] }, [c, t]) => holds(welch(a!, b!), t - c), last),
    relative: perMetric(({ estimates: [a, b] }, [c, t]) => holds(relativeLift(a!, b!), t / c - 1), last),
    sequence: perMetric(({ estimates: [a, b] }, [c, t]) => holds(liftSequence(a!, b!, options), t / c - 1), start),
  };
}
