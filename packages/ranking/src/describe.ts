import type { Candidate } from './features.ts';

/** What the ranker knows of the items of a dataset; rows are those of the catalogue. */
export interface ItemFacts {
  category: Int32Array;
  priceMinor: Float64Array;
  /** Purchases by item row. */
  popularity: Int32Array;
  /** Share of all purchases by category row. */
  categoryShare: Float64Array;
}

/** Counts the purchases (an item row each) of a dataset or of its training part. */
export function itemFacts(
  catalogue: { category: Int32Array; categories: readonly string[]; priceMinor: Float64Array },
  purchases: Iterable<number>,
): ItemFacts {
  const { category, categories, priceMinor } = catalogue;
  const popularity = new Int32Array(category.length);
  for (const item of purchases) popularity[item]!++;
  const categoryShare = new Float64Array(categories.length);
  let total = 0;
  popularity.forEach((count, item) => {
    if (category[item]! < 0) return;
    categoryShare[category[item]!]! += count;
    total += count;
  });
  return { category, priceMinor, popularity, categoryShare: categoryShare.map((count) => count / (total || 1)) };
}

/** The user's last items that the similarity feature looks at. */
const lastItems = 10;

/** Item vectors of a model [items, dims], L2-normalised, and the row of each catalogue item in them (−1 for none). */
export interface ItemVectors {
  vectors: Float32Array;
  dims: number;
  rowOf: Int32Array;
}

/** Candidates in retrieval order, as the ranker takes them, from retrieved catalogue rows and their scores. */
export function describeCandidates(
  retrieved: readonly { item: number; score: number }[],
  bought: ArrayLike<number>,
  facts: ItemFacts,
  { vectors, dims, rowOf }: ItemVectors,
): (Candidate & { item: number })[] {
  const last: number[] = [];
  for (let i = bought.length - 1; i >= 0 && last.length < lastItems; i--) {
    const row = rowOf[bought[i]!]!;
    if (row >= 0 && !last.includes(row)) last.push(row);
  }
  return retrieved.map(({ item, score }) => {
    const category = facts.category[item]!;
    const row = rowOf[item]!;
    let similarity = Number.NaN;
    for (const other of row < 0 ? [] : last) {
      let cosine = 0;
      for (let d = 0; d < dims; d++) cosine += vectors[row * dims + d]! * vectors[other * dims + d]!;
      if (!(similarity >= cosine)) similarity = cosine;
    }
    return {
      item,
      retrievalScore: score,
      popularity: facts.popularity[item]!,
      category,
      categoryShare: category < 0 ? 0 : facts.categoryShare[category]!,
      priceMinor: facts.priceMinor[item]!,
      similarity,
    };
  });
}
