/**
 * The sample quantile: linear interpolation between order statistics, type 7 of R. Hyndman & Y. Fan (1996), "Sample
 * Quantiles in Statistical Packages", The American Statistician 50:361–365; what R and NumPy do by default.
 *
 * @param sorted ascending, at least one value
 * @param q 0 to 1
 */
export function quantileOf(sorted: ArrayLike<number>, q: number): number {
  const place = q * (sorted.length - 1);
  const below = Math.floor(place);
  const low = sorted[below]!;
  return below + 1 < sorted.length ? low + (place - below) * (sorted[below + 1]! - low) : low;
}

/**
 * Where heavy-tailed values are cut: their `q` quantile. Taken from history, or from all arms together; a cap of each
 * arm's own would move with the very effect that is measured. undefined without values.
 */
export function capOf(values: readonly number[], q = 0.999): number | undefined {
  return values.length === 0
    ? undefined
    : quantileOf(
        values.toSorted((a, b) => a - b),
        q,
      );
}

/**
 * Values above the cap become the cap: one-sided winsorising (J. Tukey 1962, "The Future of Data Analysis", Annals of
 * Mathematical Statistics 33:18). The mean of what comes out is of another quantity, the capped value, whose variance a
 * few huge baskets no longer decide.
 */
export const winsorise = (values: readonly number[], cap: number): number[] =>
  values.map((value) => Math.min(value, cap));
