/**
 * Orders a ranked list so that one category does not fill it: again and again the item of the greatest
 * score × (1 − diversity)^(items of its category taken so far) is taken. That is the greedy choice for a coverage of
 * categories with diminishing returns, within 1 − 1/e of the best list (Nemhauser, Wolsey, Fisher 1978; Ashkan et al.,
 * "Optimal Greedy
 * Diversity for Recommendation", IJCAI 2015). Items without a category (−1) stand for themselves.
 *
 * @param order places, best first
 * @param diversity 0 leaves the order, 1 takes one item of each category before the second of any
 */
export function diversify(
  order: Int32Array,
  { score, category }: { score: ArrayLike<number>; category: ArrayLike<number> },
  diversity: number,
): Int32Array {
  if (diversity === 0) return order;
  // Within a category the order never changes, so that each round compares the categories' best alone.
  const queues = new Map<number, { places: number[]; next: number }>();
  for (const place of order) {
    const itemCategory = category[place]!;
    const key = itemCategory < 0 ? -1 - place : itemCategory;
    const queue = queues.get(key);
    if (queue === undefined) queues.set(key, { places: [place], next: 0 });
    else queue.places.push(place);
  }
  return order.map(() => {
    let best: { places: number[]; next: number } | undefined;
    let bestGain = -1;
    let bestRound = Infinity;
    for (const queue of queues.values()) {
      const place = queue.places[queue.next];
      if (place === undefined) continue;
      const gain = score[place]! * (1 - diversity) ** queue.next;
      // With diversity 1 every second item gains nothing: then the categories take turns.
      if (gain > bestGain || (gain === bestGain && queue.next < bestRound)) {
        best = queue;
        bestGain = gain;
        bestRound = queue.next;
      }
    }
    best!.next += 1;
    return best!.places[best!.next - 1]!;
  });
}
