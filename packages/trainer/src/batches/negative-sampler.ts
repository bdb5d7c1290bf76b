import type { Rng } from '@duet/random';

/** Draws items with probability ∝ count^smoothing (uniform at 0), by Walker's alias method (Vose 1991). */
export function negativeSampler(itemCount: Int32Array, smoothing: number) {
  const n = itemCount.length;
  const raw = Float64Array.from(itemCount, (count) => (smoothing === 0 ? 1 : count ** smoothing));
  const total = raw.reduce((sum, x) => sum + x, 0);
  const probability = raw.map((x) => x / total);
  const threshold = probability.map((p) => p * n);
  const alias = new Int32Array(n);
  const small: number[] = [];
  const large: number[] = [];
  threshold.forEach((t, i) => {
    (t < 1 ? small : large).push(i);
  });
  while (small.length > 0 && large.length > 0) {
    const low = small.pop()!;
    const high = large.pop()!;
    alias[low] = high;
    threshold[high]! -= 1 - threshold[low]!;
    (threshold[high]! < 1 ? small : large).push(high);
  }
  for (const i of [...small, ...large]) threshold[i] = 1;
  return {
    probability,
    draw: (rng: Rng): number => {
      const i = Math.floor(rng() * n);
      return rng() < threshold[i]! ? i : alias[i]!;
    },
  };
}
