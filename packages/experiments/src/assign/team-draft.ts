/** Who put an item into an interleaved list. */
export type Team = 'control' | 'treatment';

/**
 * Merges two rankings by team draft: in each round a coin decides who picks first, and each side in turn adds its best
 * item that is not in the list yet, which then plays for its team (F. Radlinski, M. Kurup, T. Joachims 2008, "How Does
 * Clickthrough Data Reflect Retrieval Quality?", CIKM, algorithm 2). A side that has no item left passes. Both teams
 * are equally long, to one, and where the rankings are the same, a click falls on either with the same chance.
 *
 * @param rng decides each round's coin: the same for a request that is asked again
 * @returns at most `k` items, in the order shown
 */
export function teamDraft<Item>(
  control: readonly Item[],
  treatment: readonly Item[],
  k: number,
  rng: () => number,
  idOf: (item: Item) => string,
): { item: Item; team: Team }[] {
  const list: { item: Item; team: Team }[] = [];
  const taken = new Set<string>();
  const next = { control: 0, treatment: 0 };
  const rankings = { control, treatment };
  const pick = (team: Team): boolean => {
    const ranking = rankings[team];
    while (next[team] < ranking.length && taken.has(idOf(ranking[next[team]]!))) next[team]++;
    const item = ranking[next[team]];
    if (item === undefined || list.length === k) return false;
    taken.add(idOf(item));
    list.push({ item, team });
    return true;
  };
  for (;;) {
    const order: [Team, Team] = rng() < 0.5 ? ['control', 'treatment'] : ['treatment', 'control'];
    // Both must be asked, whatever the first one answers.
    const picked = order.map(pick);
    if (!picked.includes(true)) return list;
  }
}
