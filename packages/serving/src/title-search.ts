import type { LiveCatalogue } from './catalogue.ts';

/** Words of a text, lower case, letters and digits of any script. */
const wordsOf = (text: string): string[] => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];

/** Items that are scored for one query at most: those with its rarest words. */
const scoredItems = 20_000;
/** The usual constants of BM25. */
const k1 = 1.2;
const b = 0.75;

/**
 * Items by the words of their titles and categories, ranked by BM25 (Robertson and Zaragoza 2009): what a search box gets
 * where no model has learnt from queries. Follows the catalogue's edits at its next use.
 */
export class TitleSearch {
  #catalogue: LiveCatalogue;
  /** Rows that had a word at some time; what they say now is looked at when they are scored. */
  #rows = new Map<string, number[]>();
  #totalWords = 0;
  #seen: number;

  constructor(catalogue: LiveCatalogue) {
    this.#catalogue = catalogue;
    this.#seen = catalogue.edits.length;
    for (let row = 0; row < catalogue.ids.length; row++) this.#add(row);
  }

  /**
   * Rows of items that have a word of the query, or, where no item has the word, one that begins with it; best first.
   *
   * @param may whether an item may be found
   */
  find(query: string, k: number, may: (row: number) => boolean): { item: number; score: number }[] {
    const { edits, ids } = this.#catalogue;
    for (; this.#seen < edits.length; this.#seen++) if (edits[this.#seen]!.described) this.#add(edits[this.#seen]!.row);
    const asked = [...new Set(wordsOf(query))].flatMap((word) => this.#spellings(word));
    const weights = new Map(
      asked
        .map((word) => [word, this.#rows.get(word)!.length] as const)
        .sort(([, m], [, n]) => m - n)
        .map(([word, n]) => [word, Math.log(1 + (Math.max(0, ids.length - n) + 0.5) / (n + 0.5))]),
    );
    const rows = new Set<number>();
    for (const word of weights.keys()) {
      for (const row of this.#rows.get(word)!) if (rows.size < scoredItems && may(row)) rows.add(row);
    }
    const mean = this.#totalWords / Math.max(1, ids.length);
    const found: { item: number; score: number }[] = [];
    for (const row of rows) {
      const words = this.#words(row);
      let score = 0;
      for (const [word, weight] of weights) {
        const times = words.filter((one) => one === word).length;
        score += (weight * times * (k1 + 1)) / (times + k1 * (1 - b + (b * words.length) / mean));
      }
      if (score > 0) found.push({ item: row, score });
    }
    return found.sort((x, y) => y.score - x.score || x.item - y.item).slice(0, k);
  }

  #words(row: number): string[] {
    const { title, category, categories } = this.#catalogue;
    return wordsOf(`${title[row]} ${category[row]! < 0 ? '' : categories[category[row]!]}`);
  }

  #add(row: number): void {
    const words = this.#words(row);
    this.#totalWords += words.length;
    for (const word of new Set(words)) {
      const rows = this.#rows.get(word);
      if (rows === undefined) this.#rows.set(word, [row]);
      else if (rows.at(-1) !== row) rows.push(row);
    }
  }

  #spellings(word: string): string[] {
    if (this.#rows.has(word)) return [word];
    if (word.length < 3) return [];
    return this.#rows
      .keys()
      .filter((known) => known.startsWith(word))
      .take(20)
      .toArray();
  }
}
