import { buildIndex, type VectorIndex } from '@duet/ann';
import type { LoadedModel } from '@duet/artifact';
import type { FilterBitmaps } from './bitmaps.ts';
import type { LiveCatalogue } from './catalogue.ts';
import { type Snapshot, sees } from './snapshot.ts';

/** Items that an index does not hold, or holds as they were, in a small exact index of their own. */
export interface DeltaRows {
  index: VectorIndex;
  /** Row of the delta → catalogue row. */
  catalogueRow: number[];
}

/** What makes vectors of items. */
type ItemModel = Pick<LoadedModel, 'dimensions' | 'itemVectors' | 'itemTower'>;

/** What a model's index was built over, in catalogue rows. */
export interface IndexedItems {
  /** Catalogue row → row of the index, or −1; rows beyond its end have none. */
  rowOf: Int32Array;
  /** Ids of items whose vector in the index is not the one that training left. */
  encoded: ReadonlySet<string>;
  /** The edits that are in the index; undefined where it is not known. */
  built: Snapshot | undefined;
}

/**
 * Keeps what a request finds in step with the catalogue between two builds of an index: new and changed items are put
 * in a small exact index beside it, and items that are withdrawn, or whose vector has changed, are not found in it any
 * more.
 */
export class Delta implements AsyncDisposable {
  #model: ItemModel;
  #catalogue: LiveCatalogue;
  #bitmaps: FilterBitmaps;
  #indexed: IndexedItems;
  #modelRow: ReadonlyMap<string, number>;
  /** Edits of the catalogue that were taken over. */
  #seen: number;
  #vectors = new Map<number, Float32Array>();
  #rows: DeltaRows | undefined;
  #outdated = 0;
  #waiting = new Set<number>();
  #following: Promise<void> = Promise.resolve();

  private constructor(
    model: ItemModel,
    modelRow: ReadonlyMap<string, number>,
    catalogue: LiveCatalogue,
    bitmaps: FilterBitmaps,
    indexed: IndexedItems,
  ) {
    this.#model = model;
    this.#modelRow = modelRow;
    this.#catalogue = catalogue;
    this.#bitmaps = bitmaps;
    this.#indexed = indexed;
    this.#seen = catalogue.editCount;
  }

  /** The delta of an index that was just opened: with all that was edited since it was built. */
  static async open(
    model: ItemModel,
    modelRow: ReadonlyMap<string, number>,
    catalogue: LiveCatalogue,
    bitmaps: FilterBitmaps,
    indexed: IndexedItems,
  ): Promise<Delta> {
    const delta = new Delta(model, modelRow, catalogue, bitmaps, indexed);
    const { built } = indexed;
    const isOurs = built !== undefined && (await catalogue.hasGiven(built));
    const rows: number[] = [];
    catalogue.changedIn.forEach((changedIn, row) => {
      const known = row < indexed.rowOf.length && indexed.rowOf[row]! >= 0;
      if (!isOurs || !sees(built, changedIn) || !known || catalogue.withdrawn[row] === 1) rows.push(row);
    });
    await delta.#take(rows);
    return delta;
  }

  /** New and changed items with their vectors; undefined while there are none. */
  get rows(): DeltaRows | undefined {
    return this.#rows;
  }

  /** Rows of the index that are not to be found any more. */
  get outdated(): number {
    return this.#outdated;
  }

  /** New items that have to wait for a training, since the model makes no vectors of what is known of an item. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** The vector of an item here; undefined for one that is in the index alone. */
  vectorOf(item: number): Float32Array | undefined {
    return this.#vectors.get(item);
  }

  /**
   * Takes over the catalogue's edits since the last time. Withdrawn items are gone when it returns, new ones there when
   * it resolves.
   */
  follow(): Promise<void> {
    const from = this.#seen;
    const edits = this.#catalogue.editsSince(from);
    if (edits.length === 0) return this.#following;
    this.#seen = this.#catalogue.editCount;
    const described = new Set(edits.filter((edit) => edit.described).map(({ row }) => row));
    const rows = edits.map(({ row }) => row);
    for (const row of rows) {
      const place = this.#placeOf(row);
      if (place < 0) continue;
      this.#bitmaps.edited(place);
      if (this.#catalogue.withdrawn[row] === 1) this.#show(place, false);
    }
    const work = this.#following.then(() => this.#take(rows, described));
    this.#following = work.catch(() => {
      // The next call tries the same edits again.
      this.#seen = Math.min(this.#seen, from);
    });
    return work;
  }

  #placeOf(row: number): number {
    const { rowOf } = this.#indexed;
    return row < rowOf.length ? rowOf[row]! : -1;
  }

  #show(place: number, shown: boolean): void {
    if (this.#bitmaps.isShown(place) === shown) return;
    this.#bitmaps.show(place, shown);
    this.#outdated += shown ? -1 : 1;
  }

  /** @param described the rows of which something changed that a tower reads; all where it is not said */
  async #take(rows: readonly number[], described: ReadonlySet<number> = new Set(rows)): Promise<void> {
    const { withdrawn } = this.#catalogue;
    const before = this.#vectors.size;
    let changed = false;
    const toEncode: number[] = [];
    for (const row of rows) {
      const place = this.#placeOf(row);
      this.#waiting.delete(row);
      if (withdrawn[row] === 1) {
        if (place >= 0) this.#show(place, false);
        if (described.has(row)) this.#vectors.delete(row);
        continue;
      }
      const hasVector = this.#vectors.has(row);
      if (hasVector && !described.has(row)) continue;
      // One that comes back may have been described otherwise while it was away.
      const anew = described.has(row) || (place >= 0 && !this.#bitmaps.isShown(place));
      const from = this.#sourceOf(row, place, anew);
      if (from === 'tower') toEncode.push(row);
      else if (from === 'index') {
        this.#show(place, true);
        changed = this.#vectors.delete(row) || changed;
      } else if (from === undefined) this.#waiting.add(row);
      else {
        this.#vectors.set(row, from);
        changed = true;
      }
    }
    if (toEncode.length > 0) {
      const { dimensions: dim, itemTower } = this.#model;
      const vectors = await itemTower!.encode(toEncode.map((row) => this.#catalogue.describe(row)));
      toEncode.forEach((row, i) => {
        this.#vectors.set(row, vectors.slice(i * dim, (i + 1) * dim));
      });
    }
    if (changed || toEncode.length > 0 || this.#vectors.size !== before) await this.#rebuild();
    // The old vector goes when the new one is there. A row that was withdrawn meanwhile is taken by the next turn.
    for (const row of toEncode) {
      const place = this.#placeOf(row);
      if (place >= 0) this.#show(place, false);
    }
  }

  /** Where a shown item's vector comes from: the index, training, the tower; undefined where there is none. */
  #sourceOf(row: number, place: number, described: boolean): 'index' | 'tower' | Float32Array | undefined {
    const { itemTower, itemVectors, dimensions: dim } = this.#model;
    const id = this.#catalogue.ids[row]!;
    if (place >= 0) {
      if (!described || itemTower === undefined) return 'index';
      const encoded = this.#indexed.encoded.has(id);
      return encoded || itemTower.differs(this.#catalogue.describe(row)) ? 'tower' : 'index';
    }
    const learnt = this.#modelRow.get(id);
    if (learnt !== undefined && !itemTower?.differs(this.#catalogue.describe(row))) {
      return itemVectors.slice(learnt * dim, (learnt + 1) * dim);
    }
    return itemTower && 'tower';
  }

  /** Withdrawn items stay among the vectors, and are passed over: they may come back. */
  async #rebuild(): Promise<void> {
    const { dimensions: dim } = this.#model;
    const catalogueRow = [...this.#vectors.keys()];
    const old = this.#rows;
    if (catalogueRow.length === 0) this.#rows = undefined;
    else {
      const all = new Float32Array(catalogueRow.length * dim);
      catalogueRow.forEach((row, i) => {
        all.set(this.#vectors.get(row)!, i * dim);
      });
      this.#rows = { index: await buildIndex(all, dim, { factory: 'Flat' }), catalogueRow };
    }
    await old?.index[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#following;
    await this.#rows?.index[Symbol.asyncDispose]();
  }
}
