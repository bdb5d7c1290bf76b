import { type Rng, seededRng } from '@duet/random';

/** A mean and where it lies with 95 % confidence. */
export interface Interval {
  value: number;
  low: number;
  high: number;
}

/** A model's metric of every user, one array a seed: [seeds][users]. */
export type Series = readonly Float64Array[];

/** A bootstrap of several series over the same users. */
export interface Bootstrap {
  /** Mean over users of each seed in each replicate: [series][seeds][replicates]. */
  seeds: Float64Array[][];
  /** Mean over users and resampled seeds: [series][replicates]. */
  means: Float64Array[];
}

const mean = (values: Float64Array): number => values.reduce((sum, x) => sum + x, 0) / values.length;

/**
 * The pigeonhole bootstrap (Owen 2007): users are drawn with replacement, the same for every series, so that models are
 * compared on the same users; and each series' seeds likewise, so that what a seed's luck does is in the interval.
 */
export function bootstrap(series: readonly Series[], replicates: number, seed: number): Bootstrap {
  const rng = seededRng(seed);
  const users = series[0]![0]!.length;
  const seeds = series.map((one) => one.map(() => new Float64Array(replicates)));
  const means = series.map(() => new Float64Array(replicates));
  const times = new Uint16Array(users);
  for (let r = 0; r < replicates; r++) {
    times.fill(0);
    for (let i = 0; i < users; i++) times[draw(rng, users)]!++;
    series.forEach((one, s) => {
      one.forEach((values, k) => {
        let sum = 0;
        for (let u = 0; u < users; u++) sum += times[u]! * values[u]!;
        seeds[s]![k]![r] = sum / users;
      });
      let sum = 0;
      for (let k = 0; k < one.length; k++) sum += seeds[s]![draw(rng, one.length)]![r]!;
      means[s]![r] = sum / one.length;
    });
  }
  return { seeds, means };
}

const draw = (rng: Rng, n: number): number => Math.floor(rng() * n);

/** A 95 % interval by the percentiles of replicates. */
export function percentileInterval(value: number, replicates: Float64Array): Interval {
  const sorted = replicates.toSorted();
  const at = (q: number) => sorted[Math.round(q * (sorted.length - 1))]!;
  return { value, low: at(0.025), high: at(0.975) };
}

/** Mean over seeds and users. */
export const meanOf = (series: Series): number => series.reduce((sum, one) => sum + mean(one), 0) / series.length;

/**
 * Whether a − b differs from zero, by the replicates of a bootstrap in which both had the same users: twice the smaller
 * share of differences on one side of zero (Efron & Tibshirani 1993, ch. 16), never below 2 / (replicates + 1).
 */
export function pairedTest(value: number, a: Float64Array, b: Float64Array): Interval & { p: number } {
  const differences = a.map((x, r) => x - b[r]!);
  let below = 1;
  let above = 1;
  for (const d of differences) {
    if (d <= 0) below += 1;
    if (d >= 0) above += 1;
  }
  const p = Math.min(1, (2 * Math.min(below, above)) / (differences.length + 1));
  return { ...percentileInterval(value, differences), p };
}

/**
 * A 95 % interval of a statistic of a set of users that is no mean, such as coverage, by the delete-a-group jackknife
 * (Kott 2001): a bootstrap would leave out a third of the users, and with them of the catalogue.
 *
 * @param statistic of the users at these places
 */
export function jackknife(
  users: number,
  statistic: (users: number[]) => Record<string, number>,
  groups = 20,
): Record<string, Interval> {
  const places = Array.from({ length: users }, (_, u) => u);
  const whole = statistic(places);
  const without = Array.from({ length: Math.min(groups, users) }, (_, group) =>
    statistic(places.filter((u) => u % groups !== group)),
  );
  const n = without.length;
  return Object.fromEntries(
    Object.entries(whole).map(([name, value]) => {
      const centre = without.reduce((sum, one) => sum + one[name]!, 0) / n;
      const variance = ((n - 1) / n) * without.reduce((sum, one) => sum + (one[name]! - centre) ** 2, 0);
      // Student's t with 19 degrees of freedom.
      const half = 2.093 * Math.sqrt(variance);
      return [name, { value, low: value - half, high: value + half }];
    }),
  );
}
