import type { Rng } from '@duet/random';

/**
 * The n-th stream of a seed: xoshiro128** (D. Blackman & S. Vigna 2021, "Scrambled Linear Pseudorandom Number
 * Generators", ACM TOMS 47:36), its 128 bits of state filled by splitmix32. A bench draws some thousand millions of
 * numbers, which is about all that a generator of 32 bits has.
 */
export function stream(seed: number, n: number): Rng {
  let filled = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(n + 1, 0x85ebca77)) >>> 0;
  const next = () => {
    filled = (filled + 0x9e3779b9) >>> 0;
    let z = Math.imul(filled ^ (filled >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  };
  let [a, b, c, d] = [next(), next(), next(), next()];
  const rotated = (x: number, by: number) => (x << by) | (x >>> (32 - by));
  return () => {
    const result = Math.imul(rotated(Math.imul(b, 5), 7), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotated(d, 11);
    return result / 4294967296;
  };
}
