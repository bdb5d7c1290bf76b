import { answeredByNone } from '../answered-by.ts';
import { rowOfItem } from '../dataset.ts';
import { similarPopular } from '../item-lists.ts';
import { catalogueRows, inStockOnly, withoutBlocked } from '../visible.ts';
import { weighed } from '../weighed.ts';
import { type BulkContext, type BulkLists, type BulkRequest, Collected, candidatesFor } from './collected.ts';
import { searchMany } from './search-many.ts';

/** Makes the lists of those that are most like each of some items, as `similarItems` answers them. */
export function itemLists(
  { of: _, ...terms }: BulkRequest,
  { retriever, dataset, shaping }: BulkContext,
): (itemIds: readonly string[]) => Promise<BulkLists> {
  return async (itemIds) => {
    const { rules } = await shaping();
    const collected = new Collected(itemIds, terms.k);
    const rows = itemIds.map((itemId) => rowOfItem(dataset, itemId));
    const alike = await Promise.all(rows.map((row) => retriever?.alike(row)));
    alike.forEach((vector, place) => {
      if (vector !== undefined) return;
      collected.from(place, 'popular');
      const request = { ...terms, itemId: itemIds[place]! };
      const { items } = similarPopular(dataset, request, rules, answeredByNone(dataset, []));
      for (const { itemId, score } of items) collected.add(place, rowOfItem(dataset, itemId), score);
    });
    const known = [...alike.keys()].filter((place) => alike[place] !== undefined);
    if (retriever === undefined || known.length === 0) return collected.lists();
    const { filter, hidden } = withoutBlocked(
      { hidden: catalogueRows(dataset, terms.exclude ?? []), filter: inStockOnly(dataset, terms.filter) },
      rules,
    );
    // Each hides itself, and what is hidden from all.
    const each = hidden.size + 1;
    const asked = {
      vectors: new Float32Array(rows.length * retriever.index.dim),
      hidden: Int32Array.from(rows.flatMap((row) => [row, ...hidden])),
      hiddenStart: Int32Array.from({ length: rows.length + 1 }, (__, place) => place * each),
    };
    for (const place of known) asked.vectors.set(alike[place]!, place * retriever.index.dim);
    const k = candidatesFor({ of: 'items', ...terms });
    await searchMany(retriever, asked, known, { k, filter }, (place, { items, scores, length }) => {
      if (rules.weighing === undefined) {
        for (let at = 0; at < length; at++) collected.add(place, items[at]!, scores[at]!);
        return;
      }
      const found = Array.from({ length }, (__, at) => ({ item: items[at]!, score: scores[at]! }));
      const moved = weighed(found, rules);
      const isMoved = moved.some((one) => one.rules.length > 0);
      for (const { item, score, weight } of moved) collected.add(place, item, isMoved ? weight : score);
    });
    return collected.lists();
  };
}
