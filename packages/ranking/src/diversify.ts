/**
 * Orders a ranked list so that one category does not fill it: again and again the item of the greatest
 * score × (1 − diversity)^(items of its category taken so far) is taken. That is the greedy choice for a coverage of
 * categories with diminishing returns, within 1 − 1/e of the best list (Nemhauser, Wolsey, Fisher 1978; Ashkan et al.,
 * "Optimal Greedy
 * Diversity for Recommendation", IJCAI 2015). Items without a category (−1) stand for themselves.
 *
 * @param ranked best first
 * @param diversity 0 leaves the order, 1 takes one item of each category before the second of any
 */
export function diversify<C extends { candidate: { category: number }; score: number }>(
  ranked: readonly C[],
  diversity: number,
): readonly C[] {
  if (diversity === 0) return ranked;
  // Within a category the order never changes, so that each round compares the categories' best alone.
  const queues = new Map<number, { items: C[]; next: number }>();
  ranked.forEach((item, place) => {
    const { category } = item.candidate;
    const key = category < 0 ? -1 - place : category;
    const queue = queues.get(key);
    if (queue === undefined) queues.set(key, { items: [item], next: 0 });
    else queue.items.push(item);
  });
  const taken: C[] = [];
  while (taken.length < ranked.length) {
    let best: { items: C[]; next: number } | undefined;
    let bestGain = -1;
    let bestRound = Infinity;
    for (const queue of queues.values()) {
      const item = queue.items[queue.next];
      if (item === undefined) continue;
      const gain = item.score * (1 - diversity) ** queue.next;
      // With diversity 1 every second item gains nothing: then the categories take turns.
      if (gain > bestGain || (gain === bestGain && queue.next < bestRound)) {
        best = queue;
        bestGain = gain;
        bestRound = queue.next;
      }
    }
    taken.push(best!.items[best!.next]!);
    best!.next += 1;
  }
  return taken;
}
