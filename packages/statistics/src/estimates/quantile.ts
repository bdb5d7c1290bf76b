import { studentQuantile } from '../numerics/distributions.ts';
import { deltaRatio, type Estimate, type Interval } from './estimate.ts';
import { momentsOf } from './moments.ts';
import { quantileOf } from './winsorise.ts';

/** Every user's values, such as their orders' values or their answers' latencies. */
type Users = readonly (readonly number[])[];

interface QuantileLimits {
  low: number;
  high: number;
}

export interface BootstrapOptions {
  /** Uniform on [0, 1). */
  rng: () => number;
  replicates?: number;
  level?: number;
}

/**
 * A quantile over all users' values, with the variance that its clustering by user leaves it. The share of values below
 * it is a ratio metric, whose standard error σ the delta method gives; the values at ranks q ± tσ are its limits,
 * and ((upper − lower)/2t)² is its variance (A. Deng, U. Knoblich, J. Lu 2018, KDD, §4.2, "outer CI"), t being
 * Student's on users − 1 degrees of freedom. Good for {@link welch} and {@link relativeLift}. undefined below two users
 * or without values.
 */
export function quantileEstimate(users: Users, q: number, level = 0.95): (Estimate & QuantileLimits) | undefined {
  const sorted = Float64Array.from(users.flat()).sort();
  if (sorted.length === 0) return undefined;
  const value = quantileOf(sorted, q);
  const below = users.map((values) => values.filter((x) => x <= value).length);
  const shareBelow = deltaRatio(
    momentsOf(
      below,
      users.map((values) => values.length),
    ),
  );
  if (!shareBelow) return undefined;
  const t = studentQuantile(0.5 + level / 2, users.length - 1);
  const at = (rank: number) => quantileOf(sorted, Math.min(1, Math.max(0, rank)));
  const spread = t * Math.sqrt(shareBelow.variance);
  const [low, high] = [at(q - spread), at(q + spread)];
  return { value, variance: ((high - low) / (2 * t)) ** 2, n: users.length, low, high };
}

/**
 * The quantile with its percentile bootstrap interval: users, not values, are drawn with replacement, because a user's
 * values go together (B. Efron & R. Tibshirani 1993, An Introduction to the Bootstrap, §13.3; A. Davison & D. Hinkley
 * 1997, Bootstrap Methods, §3.8). All null without values.
 */
export function quantileBootstrap(users: Users, q: number, options: BootstrapOptions): Interval {
  const draw = resampler(users, q);
  return draw ? percentiles(draw.value, options, () => draw.replicate(options.rng)) : unknown;
}

/** The difference of two arms' quantiles, treatment − control, each drawn anew in each replicate. */
export function quantileDifference(control: Users, treatment: Users, q: number, options: BootstrapOptions): Interval {
  const [one, two] = [resampler(control, q), resampler(treatment, q)];
  if (!one || !two) return unknown;
  return percentiles(two.value - one.value, options, () => two.replicate(options.rng) - one.replicate(options.rng));
}

const unknown: Interval = { value: null, low: null, high: null };

/**
 * The replicates of ranks (R + 1) p and (R + 1)(1 − p) (Davison & Hinkley, §5.3.1): of 400 of them, those that leave
 * out
 * 2.5 % and not 2.7.
 */
function percentiles(value: number, { replicates = 1999, level = 0.95 }: BootstrapOptions, draw: () => number) {
  const sorted = Float64Array.from({ length: replicates }, draw).sort();
  const at = (p: number) => quantileOf(sorted, Math.min(1, Math.max(0, ((replicates + 1) * p - 1) / (replicates - 1))));
  return { value, low: at(0.5 - level / 2), high: at(0.5 + level / 2) };
}

/** Sorts once; a replicate then only counts how often each user was drawn and walks to the rank. */
function resampler(all: Users, q: number) {
  // A user without values adds none, however often drawn.
  const users = all.filter((values) => values.length > 0);
  if (users.length === 0) return undefined;
  const values = users
    .flatMap((userValues, user) => userValues.map((value) => ({ value, user })))
    .sort((a, b) => a.value - b.value);
  const times = new Uint32Array(users.length);
  return {
    value: quantileOf(
      values.map(({ value }) => value),
      q,
    ),
    replicate(rng: () => number): number {
      times.fill(0);
      let size = 0;
      for (let i = 0; i < users.length; i++) {
        const user = Math.floor(rng() * users.length);
        times[user]!++;
        size += users[user]!.length;
      }
      const place = q * (size - 1);
      const below = Math.floor(place);
      let passed = 0;
      let low: number | undefined;
      for (const { value, user } of values) {
        passed += times[user]!;
        if (low === undefined && passed > below) low = value;
        if (low !== undefined && (passed > below + 1 || below + 1 >= size)) {
          return low + (place - below) * (value - low);
        }
      }
      return low!;
    },
  };
}
