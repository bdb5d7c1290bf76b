import type { ItemDescription } from '@duet/artifact';
import type { Catalogue } from '@duet/datasets';
import type { Database } from '@duet/db';
import { currentSnapshot, parseSnapshot, type Snapshot } from './snapshot.ts';

interface ItemRow {
  externalId: string;
  title: string;
  category: string | null;
  priceMinor: number | null;
  attributes: Record<string, unknown>;
  inStock: boolean;
  withdrawn: boolean;
  changedIn: number;
  /** Unix seconds. */
  listedAt: number | null;
}

/** Attribute values as a catalogue keeps them: several are joined by |. */
const textOf = (value: unknown): string => (Array.isArray(value) ? value.join('|') : String(value ?? ''));

/** An item that was edited. */
export interface Edit {
  row: number;
  /** Whether something changed that an item tower may read; else only stock, or whether it is shown at all. */
  described: boolean;
}

/**
 * The catalogue in memory, which follows PostgreSQL by reading only what was written since it last looked. Rows never
 * move: those of the imported items come first, in their order, and new items are appended. Everything is changed in
 * place between two turns of the event loop.
 */
export class LiveCatalogue implements Catalogue {
  ids: string[];
  title: string[];
  category: Int32Array;
  categories: string[] = [];
  priceMinor: Float64Array;
  /** Without a prototype: an attribute may be called "constructor". */
  attributes: Record<string, string[]> = Object.create(null);
  /** 1 where there is any. */
  inStock: Uint8Array;
  /** Shown items that are not in stock. */
  outOfStock = 0;
  /** 1 where the item is not to be shown, or is not in PostgreSQL any more. */
  withdrawn: Uint8Array;
  /** The transaction that wrote the item last. */
  changedIn: Float64Array;
  /** Since when the catalogue has the item, Unix seconds; NaN where that is not known. */
  listedAt: Float64Array;
  /** Item id → row. */
  readonly rowOf: Map<string, number>;
  /** Edits since it was opened: a reader remembers how many it has seen, and asks for those since. */
  editCount = 0;
  /** By row, which edit was its last, and its last that an item tower may read; 0 where there was none. */
  #editedAt: Float64Array;
  #describedAt: Float64Array;
  /** What has been read. */
  seen: Snapshot = parseSnapshot('0:0:');
  #db: Database;
  #datasetId: string;
  #categoryRow = new Map<string, number>();
  /** Shown items by category row. */
  #categoryItems: number[] = [];
  /** Of the attributes that were asked for: how many shown items have each value. */
  #values = new Map<string, Map<string, number>>();

  private constructor(db: Database, datasetId: string, ids: readonly string[]) {
    const n = ids.length;
    this.#db = db;
    this.#datasetId = datasetId;
    this.ids = [...ids];
    this.rowOf = new Map(ids.map((id, row) => [id, row]));
    this.title = new Array<string>(n).fill('');
    this.category = new Int32Array(n).fill(-1);
    this.priceMinor = new Float64Array(n).fill(Number.NaN);
    this.inStock = new Uint8Array(n);
    this.withdrawn = new Uint8Array(n).fill(1);
    this.changedIn = new Float64Array(n);
    this.listedAt = new Float64Array(n).fill(Number.NaN);
    this.#editedAt = new Float64Array(n);
    this.#describedAt = new Float64Array(n);
  }

  /** @param ids of the imported items, whose rows come first */
  static async open(db: Database, datasetId: string, ids: readonly string[]): Promise<LiveCatalogue> {
    const catalogue = new LiveCatalogue(db, datasetId, ids);
    await catalogue.follow();
    catalogue.#editedAt.fill(0);
    catalogue.#describedAt.fill(0);
    catalogue.editCount = 0;
    return catalogue;
  }

  /** Takes over what was written since the last look, and says how many edits that were. */
  async follow(): Promise<number> {
    const before = this.editCount;
    const now = await currentSnapshot(this.#db);
    // A database that was restored from a dump counts from anew: what the old one numbered is read at the opening
    // alone.
    const { rows } = await this.#db.pool.query<ItemRow>(
      `SELECT i."externalId", i.title, c.name AS category, i."priceMinor", i.attributes, i."inStock",
         i."withdrawnAt" IS NOT NULL AS withdrawn, i."changedIn"::float8 AS "changedIn",
         extract(epoch FROM i."createdAt")::float8 AS "listedAt"
       FROM "Item" i LEFT JOIN "Category" c ON c.id = i."categoryId"
       WHERE i."datasetId" = $1 AND i."changedIn" >= $2 AND i."changedIn" < $3`,
      [this.#datasetId, this.seen.xmin, this.seen.xmax === 0 ? '9223372036854775807' : now.xmax],
    );
    this.#makeRoom(rows);
    for (const row of rows) this.#take(row);
    this.seen = now;
    return this.editCount - before;
  }

  /**
   * Whether a snapshot can be this database's, which has given all its numbers: one restored from a dump counts from
   * anew.
   */
  async hasGiven({ xmax }: Snapshot): Promise<boolean> {
    return xmax <= this.seen.xmax || xmax <= (await currentSnapshot(this.#db)).xmax;
  }

  /** What was edited after the first `seen` edits, each row once. A look at every row: nothing grows with the edits. */
  editsSince(seen: number): Edit[] {
    const edits: Edit[] = [];
    if (seen === this.editCount) return edits;
    this.#editedAt.forEach((at, row) => {
      if (at > seen) edits.push({ row, described: this.#describedAt[row]! > seen });
    });
    return edits;
  }

  /** Shown items of a category. */
  categoryItems(category: string): number {
    return this.#categoryItems[this.#categoryRow.get(category) ?? -1] ?? 0;
  }

  /**
   * The values that shown items have of an attribute, with how many have each; undefined where there is no such
   * attribute.
   */
  valuesOf(attribute: string): ReadonlyMap<string, number> | undefined {
    const column = this.attributes[attribute];
    if (column === undefined) return undefined;
    const known = this.#values.get(attribute);
    if (known !== undefined) return known;
    const counts = new Map<string, number>();
    this.#values.set(attribute, counts);
    column.forEach((text, row) => {
      if (this.withdrawn[row] === 0) countValues(counts, text, 1);
    });
    return counts;
  }

  /** An item as a tower reads it. */
  describe(row: number): ItemDescription {
    const category = this.category[row]!;
    return {
      itemId: this.ids[row]!,
      title: this.title[row]!,
      category: category < 0 ? null : this.categories[category]!,
      priceMinor: this.priceMinor[row]!,
      attributes: Object.fromEntries(Object.entries(this.attributes).map(([name, column]) => [name, column[row]!])),
    };
  }

  #makeRoom(rows: readonly ItemRow[]): void {
    const added = rows.filter(({ externalId }) => !this.rowOf.has(externalId));
    if (added.length === 0) return;
    for (const { externalId } of added) {
      this.rowOf.set(externalId, this.ids.length);
      this.ids.push(externalId);
      this.title.push('');
    }
    const n = this.ids.length;
    const grown = <T extends Int32Array | Float64Array | Uint8Array>(column: T, rest: number): T => {
      const larger = new (column.constructor as new (n: number) => T)(n).fill(rest) as T;
      larger.set(column);
      return larger;
    };
    this.category = grown(this.category, -1);
    this.priceMinor = grown(this.priceMinor, Number.NaN);
    this.inStock = grown(this.inStock, 0);
    this.withdrawn = grown(this.withdrawn, 1);
    this.changedIn = grown(this.changedIn, 0);
    this.listedAt = grown(this.listedAt, Number.NaN);
    this.#editedAt = grown(this.#editedAt, 0);
    this.#describedAt = grown(this.#describedAt, 0);
    for (const column of Object.values(this.attributes)) while (column.length < n) column.push('');
  }

  #take(item: ItemRow): void {
    const row = this.rowOf.get(item.externalId)!;
    this.changedIn[row] = item.changedIn;
    this.listedAt[row] = item.listedAt ?? Number.NaN;
    const category = item.category === null ? -1 : this.#rowOfCategory(item.category);
    const priceMinor = item.priceMinor ?? Number.NaN;
    const [inStock, withdrawn] = [Number(item.inStock), Number(item.withdrawn)];
    const attributes = Object.entries(item.attributes).map(([name, value]) => [name, textOf(value)] as const);
    const byName = new Map(attributes);
    const described =
      this.title[row] !== item.title ||
      this.category[row] !== category ||
      !Object.is(this.priceMinor[row], priceMinor) ||
      attributes.some(([name, text]) => (this.attributes[name]?.[row] ?? '') !== text) ||
      Object.entries(this.attributes).some(([name, column]) => column[row] !== '' && !byName.has(name));
    if (!described && this.inStock[row] === inStock && this.withdrawn[row] === withdrawn) return;

    this.#count(row, -1);
    this.title[row] = item.title;
    this.category[row] = category;
    this.priceMinor[row] = priceMinor;
    this.inStock[row] = inStock;
    this.withdrawn[row] = withdrawn;
    for (const [name] of attributes) this.attributes[name] ??= new Array<string>(this.ids.length).fill('');
    for (const [name, column] of Object.entries(this.attributes)) column[row] = byName.get(name) ?? '';
    this.#count(row, 1);
    this.#editedAt[row] = ++this.editCount;
    if (described) this.#describedAt[row] = this.editCount;
  }

  #rowOfCategory(name: string): number {
    const known = this.#categoryRow.get(name);
    if (known !== undefined) return known;
    const row = this.categories.push(name) - 1;
    this.#categoryRow.set(name, row);
    this.#categoryItems.push(0);
    return row;
  }

  /** Counts a shown item in, or out again. */
  #count(row: number, by: 1 | -1): void {
    if (this.withdrawn[row] === 1) return;
    if (this.inStock[row] === 0) this.outOfStock += by;
    const category = this.category[row]!;
    if (category >= 0) this.#categoryItems[category]! += by;
    for (const [name, counts] of this.#values) countValues(counts, this.attributes[name]![row]!, by);
  }
}

function countValues(counts: Map<string, number>, text: string, by: 1 | -1): void {
  if (text === '') return;
  for (const value of new Set(text.split('|'))) {
    const count = (counts.get(value) ?? 0) + by;
    if (count === 0) counts.delete(value);
    else counts.set(value, count);
  }
}
