import { setImmediate } from 'node:timers/promises';
import type { LiveCatalogue } from './catalogue.ts';

/** Words of a text, lower case, letters and digits of any script. */
const wordsOf = (text: string): string[] => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];

/** Items that are scored for one query at most: those with its rarest words. */
const scoredItems = 20_000;
/** Items that are read in one turn of the event loop: some milliseconds. */
const readAtOnce = 2_000;
/** The usual constants of BM25. */
const k1 = 1.2;
const b = 0.75;

/** A word, and the rows that have it. */
interface Term {
  word: string;
  rows: Set<number>;
}

/**
 * Items by the words of their titles and categories, ranked by BM25 (Robertson and Zaragoza 2009): what a search box
 * gets where no model has learnt from queries. Follows the catalogue's edits at its next use.
 */
export class TitleSearch {
  #catalogue: LiveCatalogue;
  #terms = new Map<string, Term>();
  /** The words of each row, in order: a query compares them without reading a text. */
  #read: Term[][] = [];
  #totalWords = 0;
  #seen: number;

  private constructor(catalogue: LiveCatalogue) {
    this.#catalogue = catalogue;
    this.#seen = catalogue.editCount;
  }

  /** Reads the catalogue, a million items in some seconds, and lets others go on meanwhile. */
  static async open(catalogue: LiveCatalogue): Promise<TitleSearch> {
    const titles = new TitleSearch(catalogue);
    for (let row = 0; row < catalogue.ids.length; row++) {
      titles.#take(row);
      if (row % readAtOnce === readAtOnce - 1) await setImmediate();
    }
    return titles;
  }

  /**
   * Rows of items that have a word of the query, or, where no item has the word, one that begins with it; best first.
   *
   * @param may whether an item may be found
   */
  find(query: string, k: number, may: (row: number) => boolean): { item: number; score: number }[] {
    const { editCount, ids } = this.#catalogue;
    for (const { row, described } of this.#catalogue.editsSince(this.#seen)) if (described) this.#take(row);
    this.#seen = editCount;
    const weights = new Map(
      [...new Set(wordsOf(query))]
        .flatMap((word) => this.#spellings(word))
        .sort((one, other) => one.rows.size - other.rows.size)
        .map((term) => [term, Math.log(1 + (ids.length - term.rows.size + 0.5) / (term.rows.size + 0.5))] as const),
    );
    const rows = new Set<number>();
    for (const term of weights.keys()) {
      for (const row of term.rows) {
        if (rows.size === scoredItems) break;
        if (may(row)) rows.add(row);
      }
    }
    const mean = this.#totalWords / Math.max(1, ids.length);
    const found = Array.from(rows, (item) => {
      const terms = this.#read[item]!;
      let score = 0;
      for (const [term, weight] of weights) {
        const times = terms.filter((one) => one === term).length;
        score += (weight * times * (k1 + 1)) / (times + k1 * (1 - b + (b * terms.length) / mean));
      }
      return { item, score };
    });
    return found.sort((x, y) => y.score - x.score || x.item - y.item).slice(0, k);
  }

  /** Takes over what a row says now, in the place of what it said. */
  #take(row: number): void {
    const { title, category, categories } = this.#catalogue;
    const words = wordsOf(`${title[row]} ${category[row]! < 0 ? '' : categories[category[row]!]}`);
    const before = this.#read[row] ?? [];
    for (const term of before) {
      term.rows.delete(row);
      if (term.rows.size === 0) this.#terms.delete(term.word);
    }
    this.#totalWords += words.length - before.length;
    this.#read[row] = words.map((word) => {
      const term = this.#terms.get(word) ?? { word, rows: new Set() };
      this.#terms.set(word, term);
      term.rows.add(row);
      return term;
    });
  }

  /** The word itself where an item has it, else those that begin with it. */
  #spellings(word: string): Term[] {
    const exact = this.#terms.get(word);
    if (exact !== undefined) return [exact];
    if (word.length < 3) return [];
    return this.#terms
      .values()
      .filter((term) => term.word.startsWith(word))
      .take(20)
      .toArray();
  }
}
