import { normal, type Rng } from '@duet/random';

/** A number of the gamma distribution with this shape and mean 1 (G. Marsaglia, W. Tsang 2000, ACM TOMS 26:363–372). */
export function gammaOfMeanOne(rng: Rng, shape: number): number {
  // Below 1 by the boost of their §6: X(shape) = X(shape + 1) · U^(1 / shape).
  const boosted = shape < 1 ? shape + 1 : shape;
  const d = boosted - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = normal(rng);
    const v = (1 + c * x) ** 3;
    if (v <= 0) continue;
    if (Math.log(1 - rng()) < 0.5 * x * x + d - d * v + d * Math.log(v)) {
      return (d * v * (shape < 1 ? (1 - rng()) ** (1 / shape) : 1)) / shape;
    }
  }
}

/** An exponential waiting time with this mean. */
export const waiting = (rng: Rng, mean: number): number => -mean * Math.log(1 - rng());

/** A number of the Poisson distribution: how many exponential gaps fit into `mean`. Costs O(mean). */
export function poisson(rng: Rng, mean: number): number {
  let count = 0;
  for (let at = waiting(rng, 1); at < mean; at += waiting(rng, 1)) count++;
  return count;
}

/** A place in `weights`, each with a chance in proportion to its weight. */
export function place(rng: Rng, weights: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < weights.length; i++) total += weights[i]!;
  let left = rng() * total;
  for (let i = 0; i < weights.length; i++) {
    left -= weights[i]!;
    if (left < 0) return i;
  }
  return weights.length - 1;
}
