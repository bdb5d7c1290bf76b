import type { Catalogue } from '@duet/datasets';

/** Each item's place among the `limit` categories with the most training interactions, largest first; −1 outside. */
export function alignedCategories(catalogue: Catalogue, itemCount: Int32Array, limit: number) {
  const interactions = new Float64Array(catalogue.categories.length);
  catalogue.category.forEach((category, item) => {
    if (category >= 0) interactions[category]! += itemCount[item]!;
  });
  const largest = Array.from(interactions.keys())
    .sort((a, b) => interactions[b]! - interactions[a]! || a - b)
    .slice(0, limit);
  const place = new Map(largest.map((category, i) => [category, i]));
  return { count: largest.length, of: catalogue.category.map((category) => place.get(category) ?? -1) };
}
