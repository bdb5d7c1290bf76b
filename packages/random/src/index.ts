/** A source of uniform numbers in [0, 1). Passed in, never global, so that every run repeats. */
export type Rng = () => number;

const increment = 0x6d2b79f5;

/**
 * Mulberry32 (T. Ettinger, public domain): 32 bits of state, passes gjrand; fast and enough for sampling.
 *
 * @param skip starts as if so many numbers had been drawn
 */
export function seededRng(seed: number, skip = 0): Rng {
  let state = (seed + Math.imul(skip, increment)) >>> 0;
  return () => {
    state = (state + increment) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/**
 * The n-th of many streams of one seed, each as far from the others as golden-ratio steps keep them: no two of N are
 * closer than 2³² / (√5 N) numbers. What is drawn for a step thus depends on nothing that was drawn before it.
 */
export const nthRng = (seed: number, n: number): Rng => seededRng(seed, Math.imul(n, 0x9e3779b1));

/** A standard normal number, by Box and Muller. */
export function normal(rng: Rng): number {
  return Math.sqrt(-2 * Math.log(1 - rng())) * Math.cos(2 * Math.PI * rng());
}
