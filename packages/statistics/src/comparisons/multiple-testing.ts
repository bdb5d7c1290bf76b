/**
 * p values adjusted for testing all of them: a hypothesis may be rejected at α where its adjusted p is ≤ α. A test that
 * the data do not determine (null) stays null and is not counted.
 */
type Adjust = (ps: readonly (number | null)[]) => (number | null)[];

/** Runs `adjusted` over the known p values in ascending order and puts its answers back where they came from. */
const inOrder =
  (adjusted: (ascending: readonly number[]) => number[]): Adjust =>
  (ps) => {
    const known = ps.flatMap((p, place) => (p === null ? [] : [{ p, place }])).sort((a, b) => a.p - b.p);
    const answers: (number | null)[] = ps.map(() => null);
    const values = adjusted(known.map(({ p }) => p));
    for (const [i, { place }] of known.entries()) answers[place] = values[i]!;
    return answers;
  };

/**
 * Holm's step-down adjustment: p̃₍ᵢ₎ = max over j ≤ i of min(1, (m − j + 1) p₍ⱼ₎). Keeps the chance of any false
 * rejection at α whatever the dependence (S. Holm 1979, "A Simple Sequentially Rejective Multiple Test Procedure",
 * Scandinavian Journal of Statistics 6:65–70).
 */
export const holm: Adjust = inOrder((ps) => {
  let largest = 0;
  return ps.map((p, i) => {
    largest = Math.max(largest, Math.min(1, (ps.length - i) * p));
    return largest;
  });
});

/**
 * The error rate of each test's own interval that agrees with {@link holm} at `alpha`: it leaves out nothing (zero,
 * say) exactly where the adjusted p is at most `alpha`. The k-th smallest of m is α/(m − k + 1) where it is rejected;
 * all that are not have α/(m − r), with r rejected. A test that the data do not determine has the last one's, too.
 */
export function holmLevels(ps: readonly (number | null)[], alpha: number): number[] {
  const ascending = ps.filter((p) => p !== null).sort((a, b) => a - b);
  const m = ascending.length;
  let rejected = 0;
  while (rejected < m && ascending[rejected]! <= alpha / (m - rejected)) rejected++;
  const rest = alpha / Math.max(1, m - rejected);
  // Equal p values have the same rank, the first's: all are rejected with it.
  return ps.map((p) => {
    const rank = p === null ? -1 : ascending.indexOf(p);
    return rank >= 0 && rank < rejected ? alpha / (m - rank) : rest;
  });
}

/**
 * Benjamini and Hochberg's step-up adjustment: p̃₍ᵢ₎ = min over j ≥ i of min(1, m p₍ⱼ₎ / j). Keeps the expected share
 * of false ones among the rejected at α for independent or positively dependent tests (Y. Benjamini & Y. Hochberg 1995,
 * JRSS B 57:289–300).
 */
export const benjaminiHochberg: Adjust = inOrder((ps) => {
  let smallest = 1;
  const adjusted = ps.map((p, i) => Math.min(1, (ps.length * p) / (i + 1)));
  for (let i = ps.length - 1; i >= 0; i--) {
    smallest = Math.min(smallest, adjusted[i]!);
    adjusted[i] = smallest;
  }
  return adjusted;
});
