/**
 * Where a continuous f is zero between `low` and `high`, at whose ends its signs differ: regula falsi by the Illinois
 * rule (M. Dowell & P. Jarratt 1971, BIT 11:168–174), which never leaves the bracket. Stops at a bracket or step of
 * 1e-14 of the root, or where rounding alone decides f's sign.
 */
export function rootOf(f: (x: number) => number, low: number, high: number): number {
  let [a, b, fa, fb] = [low, high, f(low), f(high)];
  if (fa === 0) return a;
  for (let i = 0; i < 300 && fb !== 0; i++) {
    // Every third step halves: a very curved f would otherwise be crept along.
    const x = i % 3 === 2 ? (a + b) / 2 : b - (fb * (b - a)) / (fb - fa);
    if (Math.min(Math.abs(x - b), Math.abs(a - b)) <= 1e-14 * Math.abs(x)) return x;
    const fx = f(x);
    if (fx > 0 !== fb > 0) [a, fa] = [b, fb];
    else fa /= 2;
    [b, fb] = [x, fx];
  }
  return b;
}
