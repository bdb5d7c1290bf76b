import { Turns } from '@duet/base';
import SearchableMap from 'minisearch/SearchableMap';
import type { LiveCatalogue } from './catalogue.ts';

/** Words of a text, lower case, letters and digits of any script. */
const wordsOf = (text: string): string[] => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];

/** Entries of words that are looked at for one query at most, rarest words first: some hundred milliseconds. */
const mostEntries = 500_000;
/** Entries that are looked at before it is asked whether others wait. */
const betweenLooks = 512;
/** The usual constants of BM25. */
const k1 = 1.2;
const b = 0.75;
/** Words that begin with what was typed, at most, and what one of them is worth beside the word itself. */
const mostBeginnings = 50;
const beginningWeight = 0.6;
/** What a word with one wrong letter is worth; with two, the square. */
const typoWeight = 0.5;

/** Scratches that are kept: as many queries as are usually under way. */
const mostSpare = 4;

/** Words that are read of those that begin alike. */
const mostRead = 2_000;

/** Wrong letters that a word may have: short words would be any other. */
const typosIn = (word: string): number => (word.length < 4 || /^\p{N}+$/u.test(word) ? 0 : word.length < 8 ? 1 : 2);

/** A word, and the rows that have it. */
interface Term {
  word: string;
  rows: Set<number>;
}

/** The word that more items have first. */
const byUse = (one: Term, other: Term): number => other.rows.size - one.rows.size || (one.word < other.word ? -1 : 1);

/** By row: score, words of the query it has, and the last of them. Zero between queries. */
interface Scratch {
  scores: Float32Array;
  hits: Uint8Array;
  last: Uint8Array;
}

/** A word of the catalogue that a typed one may mean. */
interface Spelling {
  term: Term;
  /** 1 for the word itself. */
  weight: number;
}

export interface TitlesFound {
  /** Best first. */
  items: { item: number; score: number }[];
  /** Rows that have as many of the words as any: those that facets are counted over. */
  matched: Int32Array;
  /** The query as it was understood, where a word had a typo; null where none had. */
  corrected: string | null;
}

/**
 * Items by the words of their titles and categories, ranked by BM25 (Robertson and Zaragoza 2009), with words that are
 * begun or misspelt: what a search box gets where no model has learnt from queries. Follows the catalogue's edits at its
 * next use. All that may take long is done in slices, between which others have their turns.
 */
export class TitleSearch {
  #catalogue: LiveCatalogue;
  #terms = new Map<string, Term>();
  /** The same words as a radix tree, for beginnings and edit distances. */
  #tree = new SearchableMap<Term>();
  /** The words of each row, in order. */
  #read: Term[][] = [];
  #totalWords = 0;
  #seen: number;
  #following: Promise<void> = Promise.resolve();
  /** Of queries that have ended: several may be under way. */
  #spare: Scratch[] = [];

  private constructor(catalogue: LiveCatalogue) {
    this.#catalogue = catalogue;
    this.#seen = catalogue.editCount;
  }

  /** Reads the catalogue, a million items in some seconds, and lets others go on meanwhile. */
  static async open(catalogue: LiveCatalogue): Promise<TitleSearch> {
    const titles = new TitleSearch(catalogue);
    const turns = new Turns();
    for (let row = 0; row < catalogue.ids.length; row++) {
      titles.#take(row);
      if (row % 16 === 0 && turns.due) await turns.next();
    }
    return titles;
  }

  /**
   * Items that have the words of a query: those with the most of them first, then by BM25.
   *
   * @param may whether an item may be found
   */
  async find(query: string, k: number, may: (row: number) => boolean): Promise<TitlesFound> {
    await this.#follow();
    const { ids } = this.#catalogue;
    const spare = this.#spare.pop();
    const scratch = spare !== undefined && spare.hits.length >= ids.length ? spare : scratchOf(ids.length);
    const turns = new Turns();
    const typed = [...new Set(wordsOf(query))].slice(0, 20);
    const spelt = typed.map((word) => this.#spellings(word));
    const touched = await this.#score(spelt, scratch, turns);
    const found = await this.#best(touched, k, may, scratch, turns);
    for (const row of touched) scratch.scores[row] = scratch.hits[row] = scratch.last[row] = 0;
    if (this.#spare.length < mostSpare) this.#spare.push(scratch);
    const taken = spelt.map((spellings, at) => spellings[0]?.term.word ?? typed[at]!);
    const isMended = taken.some((word, at) => word !== typed[at] && !word.startsWith(typed[at]!));
    return { ...found, corrected: isMended ? taken.join(' ') : null };
  }

  /** Takes over the catalogue's edits since the last time: one query reads them, the others wait for it. */
  #follow(): Promise<void> {
    this.#following = this.#following.then(async () => {
      const { editCount } = this.#catalogue;
      const turns = new Turns();
      for (const { row, described } of this.#catalogue.editsSince(this.#seen)) {
        if (described) this.#take(row);
        if (turns.due) await turns.next();
      }
      this.#seen = editCount;
    });
    return this.#following;
  }

  /** Adds up the words' scores by row. @returns the rows that have one */
  async #score(spelt: readonly Spelling[][], { scores, hits, last }: Scratch, turns: Turns): Promise<number[]> {
    const items = this.#catalogue.ids.length;
    const mean = this.#totalWords / Math.max(1, items) || 1;
    const touched: number[] = [];
    let entries = 0;
    const rarity = (spellings: readonly Spelling[]) => spellings.reduce((sum, { term }) => sum + term.rows.size, 0);
    const order = [...spelt.keys()].sort((one, other) => rarity(spelt[one]!) - rarity(spelt[other]!));
    for (const at of order) {
      // The best spelling of a word that a row has counts, and no other.
      for (const { term, weight } of spelt[at]!) {
        if (entries >= mostEntries) break;
        const idf = Math.log(1 + (items - term.rows.size + 0.5) / (term.rows.size + 0.5));
        for (const row of term.rows) {
          if (++entries % betweenLooks === 0 && turns.due) await turns.next();
          if (last[row] === at + 1) continue;
          last[row] = at + 1;
          if (hits[row] === 0) touched.push(row);
          hits[row]! += 1;
          const length = this.#read[row]!.length;
          scores[row]! += (weight * idf * (k1 + 1)) / (1 + k1 * (1 - b + (b * length) / mean));
        }
      }
    }
    return touched;
  }

  /** The k best of the rows that may be seen, and all of those that have the most words. */
  async #best(
    touched: readonly number[],
    k: number,
    may: (row: number) => boolean,
    { scores, hits }: Scratch,
    turns: Turns,
  ): Promise<Omit<TitlesFound, 'corrected'>> {
    const byHits: number[][] = [];
    let looked = 0;
    for (const row of touched) {
      const level = hits[row]!;
      byHits[level] ??= [];
      byHits[level].push(row);
      if (++looked % betweenLooks === 0 && turns.due) await turns.next();
    }
    const items: TitlesFound['items'] = [];
    let matched: number[] = [];
    for (let level = byHits.length - 1; level > 0 && items.length < k; level--) {
      const rows: number[] = [];
      for (const row of byHits[level] ?? []) {
        if (may(row)) rows.push(row);
        if (++looked % betweenLooks === 0 && turns.due) await turns.next();
      }
      if (matched.length === 0) matched = rows;
      items.push(...topOf(rows, scores, k - items.length));
    }
    return { items, matched: Int32Array.from(matched) };
  }

  /** Takes over what a row says now, in the place of what it said. */
  #take(row: number): void {
    const { title, category, categories } = this.#catalogue;
    const words = wordsOf(`${title[row]} ${category[row]! < 0 ? '' : categories[category[row]!]}`);
    const before = this.#read[row] ?? [];
    for (const term of before) {
      term.rows.delete(row);
      if (term.rows.size > 0) continue;
      this.#terms.delete(term.word);
      this.#tree.delete(term.word);
    }
    this.#totalWords += words.length - before.length;
    this.#read[row] = words.map((word) => {
      let term = this.#terms.get(word);
      if (term === undefined) {
        term = { word, rows: new Set() };
        this.#terms.set(word, term);
        this.#tree.set(word, term);
      }
      term.rows.add(row);
      return term;
    });
  }

  /**
   * The word itself and those that begin with it; where there is none, those that are a typo away. Best first.
   */
  #spellings(word: string): Spelling[] {
    const exact = this.#terms.get(word);
    const found: Spelling[] = exact === undefined ? [] : [{ term: exact, weight: 1 }];
    if (word.length >= 3) {
      const begun: Term[] = [];
      for (const term of this.#tree.atPrefix(word).values()) {
        if (begun.length === mostRead) break;
        if (term !== exact) begun.push(term);
      }
      begun.sort(byUse);
      // Beside the word itself, its endings; "lamps" for "lamp".
      const near = exact === undefined ? begun : begun.filter((term) => term.word.length <= word.length + 2);
      for (const term of near.slice(0, mostBeginnings)) found.push({ term, weight: beginningWeight });
    }
    if (found.length > 0) return found;
    const typos = [...this.#tree.fuzzyGet(word, typosIn(word)).values()] as [Term, number][];
    typos.sort(([one, near], [other, far]) => near - far || byUse(one, other));
    return typos.slice(0, mostBeginnings).map(([term, distance]) => ({ term, weight: typoWeight ** distance }));
  }
}

const scratchOf = (items: number): Scratch => {
  const room = Math.ceil(items * 1.1);
  return { scores: new Float32Array(room), hits: new Uint8Array(room), last: new Uint8Array(room) };
};

/** The k rows of the greatest score, without sorting them all. */
function topOf(rows: readonly number[], scores: Float32Array, k: number): TitlesFound['items'] {
  const isBefore = (one: number, other: number) =>
    scores[one]! > scores[other]! || (scores[one] === scores[other] && one < other);
  const top: number[] = [];
  for (const row of rows) {
    if (top.length === k && !isBefore(row, top[k - 1]!)) continue;
    let [low, high] = [0, top.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (isBefore(row, top[middle]!)) high = middle;
      else low = middle + 1;
    }
    top.splice(low, 0, row);
    if (top.length > k) top.pop();
  }
  return top.map((item) => ({ item, score: scores[item]! }));
}
