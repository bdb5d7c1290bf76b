import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { DuckDBConnection, DuckDBVector } from '@duckdb/node-api';
import { DuetError } from '@duet/base';
import { literal, openDuckDb } from '../read/workspace/duckdb.ts';
import { type Clock, type Sides, userItem } from '../shape.ts';
import type { ImportSummary } from '../summary.ts';
import { dislikedFile, snapshotFolder } from '../write/folder.ts';
import type { DatasetContext } from '../write/transaction.ts';
import { findSnapshot } from './newest-snapshot.ts';

/** Columnar interactions, sorted by user row, then time, then file order. */
export interface Interactions {
  /** Id of each user row and item row. */
  users: string[];
  items: string[];
  user: Int32Array;
  item: Int32Array;
  /** Unix seconds, or a position: 0 = a user's oldest. */
  time: Float64Array;
  weight: Float32Array;
  /** Minor units of the dataset's currency; NaN where unknown. */
  valueMinor: Float64Array;
  /** What `time` holds; Unix seconds where it is not said. */
  clock?: Clock;
  /** What users and items are; as the words say where it is not said. */
  sides?: Sides;
  /** Part of each row, a place in {@link splitParts}, where the file says it. */
  split?: Uint8Array;
  /**
   * 1 where the interaction hides the item from the user's recommendations, as a view does not; all do where it is not
   * said.
   */
  hides?: Uint8Array;
  /** In what situation each interaction happened, by the column's name. */
  context?: Record<string, ContextColumn>;
}

/** What is known of a request beside who makes it. */
export interface Situation {
  /** Unix seconds. */
  time?: number | undefined;
  /** By the name of the dataset's context column. */
  values?: Readonly<Record<string, string>> | undefined;
}

/** The situation in which an interaction happened. */
export function situationOf({ time, clock = 'time', context = {} }: Interactions, row: number): Situation {
  const values = Object.entries(context).flatMap(([name, column]) => {
    const place = column.code[row]!;
    return place < 0 ? [] : [[name, column.values[place]!] as const];
  });
  return { ...(clock === 'time' && { time: time[row]! }), values: Object.fromEntries(values) };
}

/** One thing that is known of each interaction's situation. */
export interface ContextColumn {
  values: string[];
  /** [interactions] place in `values`; −1 where it is missing. */
  code: Int32Array;
}

/** The items as PostgreSQL has them now, in the row order of {@link Interactions.items}. */
export interface Catalogue {
  ids: string[];
  title: string[];
  /** Row in `categories`; −1 none. */
  category: Int32Array;
  /** Most items first. */
  categories: string[];
  /** NaN where unknown. */
  priceMinor: Float64Array;
  /** '' where missing; several values are joined by |. */
  attributes: Record<string, string[]>;
}

/** What is known of each user (or query), by user row. */
export interface UserTable {
  /** A query's text; '' where there is none. */
  title: string[];
  /** As of {@link Catalogue}. */
  attributes: Record<string, string[]>;
}

type Column = Float64Array | Float32Array | Int32Array | Uint8Array | string[];

/** Opens a DuckDB for the files of one snapshot. */
async function withFiles<T>(
  folder: string,
  work: (
    read: <C extends Column[]>(name: string, columns: string[], make: (rows: number) => C) => Promise<C>,
  ) => Promise<T>,
): Promise<T> {
  using database = await openDuckDb(':memory:', folder, { threads: '2' });
  return await work(async (name, columns, make) => {
    try {
      return await readColumns(database.connection, path.join(folder, name), columns, make);
    } catch (cause) {
      await readMeta(folder);
      throw new DuetError('corrupt', `this file cannot be read: ${(cause as Error).message}`, {
        where: { file: path.join(folder, name) },
        fix: 'Restore a backup (npx duet restore), or import the dataset again.',
        cause,
      });
    }
  });
}

async function readColumns<C extends Column[]>(
  connection: DuckDBConnection,
  file: string,
  columns: string[],
  make: (rows: number) => C,
): Promise<C> {
  const [count] = (
    await connection.runAndReadAll(`SELECT count(*)::INTEGER FROM read_parquet(${literal(file)})`)
  ).getRows();
  const out = make(Number(count![0]));
  const result = await connection.stream(
    `SELECT ${columns.map((name) => `"${name}"`)} FROM read_parquet(${literal(file)})`,
  );
  let at = 0;
  for await (const chunk of result) {
    const rows = chunk.rowCount;
    out.forEach((column, c) => {
      const vector: DuckDBVector = chunk.getColumnVector(c);
      for (let i = 0; i < rows; i++) column[at + i] = vector.getItem(i) as never;
    });
    at += rows;
  }
  return out;
}

/** The folder of a dataset's snapshot, by default the newest. @throws DuetError `not-found` */
export const folderOf = async (ctx: DatasetContext, datasetId: string, snapshotId?: string): Promise<string> =>
  snapshotFolder(ctx.dataDir, await findSnapshot(ctx, datasetId, snapshotId));

/** @throws DuetError `not-found` where there is no such snapshot */
export async function readMeta(folder: string): Promise<Pick<ImportSummary, 'clock'> & Partial<ImportSummary>> {
  const text = await readFile(path.join(folder, 'meta.json'), 'utf8').catch((cause: unknown) => {
    throw new DuetError('not-found', 'there is no imported dataset here.', { where: { file: folder }, cause });
  });
  return JSON.parse(text).summary;
}

/** The interactions of a snapshot, by default the newest. @throws DuetError `not-found` or `corrupt` */
export async function loadInteractions(
  ctx: DatasetContext,
  datasetId: string,
  snapshotId?: string,
): Promise<Interactions> {
  const folder = await folderOf(ctx, datasetId, snapshotId);
  const { clock, sides = userItem, split: hasSplit, hides: saysHides, context: names = [] } = await readMeta(folder);
  return withFiles(folder, async (read) => {
    const [users] = await read('users.parquet', ['user_id'], (rows) => [new Array<string>(rows)]);
    const [items] = await read('items.parquet', ['item_id'], (rows) => [new Array<string>(rows)]);
    const [user, item, time, weight, valueMinor] = await read(
      'interactions.parquet',
      ['user', 'item', 'time', 'weight', 'value_minor'],
      (rows): [Int32Array, Int32Array, Float64Array, Float32Array, Float64Array] => [
        new Int32Array(rows),
        new Int32Array(rows),
        new Float64Array(rows),
        new Float32Array(rows),
        new Float64Array(rows),
      ],
    );
    const split = hasSplit
      ? await read('interactions.parquet', ['split'], (rows): [Uint8Array] => [new Uint8Array(rows)])
      : undefined;
    const hides = saysHides
      ? await read('interactions.parquet', ['hides'], (rows): [Uint8Array] => [new Uint8Array(rows)])
      : undefined;
    const context: Record<string, ContextColumn> = {};
    for (const [place, name] of names.entries()) {
      const [texts] = await read('interactions.parquet', [`context_${place}`], (rows) => [new Array<string>(rows)]);
      context[name] = codesOf(texts);
    }
    const optional = {
      ...(split && { split: split[0] }),
      ...(hides && { hides: hides[0] }),
      ...(names.length > 0 && { context }),
    };
    return { users, items, user, item, time, weight, valueMinor, clock, sides, ...optional };
  });
}

/** What users of a snapshot took back: item ids by user id. @throws DuetError `not-found` or `corrupt` */
export async function loadDisliked(
  ctx: DatasetContext,
  datasetId: string,
  snapshotId?: string,
): Promise<Map<string, string[]>> {
  const folder = await folderOf(ctx, datasetId, snapshotId);
  if (!existsSync(path.join(folder, dislikedFile))) return new Map();
  const [users, items] = await withFiles(folder, (read) =>
    read(dislikedFile, ['user_id', 'item_id'], (rows) => [new Array<string>(rows), new Array<string>(rows)]),
  );
  const disliked = new Map<string, string[]>();
  users!.forEach((user, row) => {
    const known = disliked.get(user);
    if (known === undefined) disliked.set(user, [items![row]!]);
    else known.push(items![row]!);
  });
  return disliked;
}

/** Texts as places in the list of those that there are, in order of their first row. */
function codesOf(texts: (string | null)[]): ContextColumn {
  const places = new Map<string, number>();
  const code = Int32Array.from(texts, (text) => {
    if (text === null) return -1;
    const place = places.get(text) ?? places.size;
    places.set(text, place);
    return place;
  });
  return { values: [...places.keys()], code };
}

/** JSON objects of attributes, by row, as columns. */
function columnsOf(objects: ({ [name: string]: unknown } | undefined)[]): Record<string, string[]> {
  const columns: Record<string, string[]> = {};
  objects.forEach((object, row) => {
    for (const [name, value] of Object.entries(object ?? {})) {
      columns[name] ??= new Array<string>(objects.length).fill('');
      columns[name][row] = Array.isArray(value) ? value.join('|') : String(value ?? '');
    }
  });
  return columns;
}

/**
 * The items of a snapshot, by default the newest, as PostgreSQL has them now. @throws DuetError `not-found` or
 * `corrupt`
 */
export async function loadCatalogue(ctx: DatasetContext, datasetId: string, snapshotId?: string): Promise<Catalogue> {
  const { db } = ctx;
  const [ids] = await withFiles(await folderOf(ctx, datasetId, snapshotId), (read) =>
    read('items.parquet', ['item_id'], (rows) => [new Array<string>(rows)]),
  );
  const stored = await db.pool.query<{
    externalId: string;
    title: string;
    category: string | null;
    priceMinor: number | null;
    attributes: Record<string, unknown>;
  }>(
    `SELECT i."externalId", i.title, c.name AS category, i."priceMinor", i.attributes
     FROM "Item" i LEFT JOIN "Category" c ON c.id = i."categoryId" WHERE i."datasetId" = $1`,
    [datasetId],
  );
  const byId = new Map(stored.rows.map((row) => [row.externalId, row]));
  const items = ids.map((id) => byId.get(id));
  const sizes = new Map<string, number>();
  for (const item of items) if (item?.category) sizes.set(item.category, (sizes.get(item.category) ?? 0) + 1);
  const categories = [...sizes].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).map(([name]) => name);
  const rowOf = new Map(categories.map((name, row) => [name, row]));
  return {
    ids,
    title: items.map((item) => item?.title ?? ''),
    category: Int32Array.from(items, (item) => rowOf.get(item?.category ?? '') ?? -1),
    categories,
    priceMinor: Float64Array.from(items, (item) => item?.priceMinor ?? Number.NaN),
    attributes: columnsOf(items.map((item) => item?.attributes)),
  };
}

/** What a snapshot, by default the newest, knows of its users. @throws DuetError `not-found` or `corrupt` */
export async function loadUsers(ctx: DatasetContext, datasetId: string, snapshotId?: string): Promise<UserTable> {
  const folder = await folderOf(ctx, datasetId, snapshotId);
  // An import by an older Duet has no titles, and says no sides.
  const { sides } = await readMeta(folder);
  const columns = sides ? ['attributes', 'title'] : ['attributes'];
  const [attributes, title] = await withFiles(folder, (read) =>
    read('users.parquet', columns, (rows) => columns.map(() => new Array<string>(rows))),
  );
  return {
    title: title ?? attributes!.map(() => ''),
    attributes: columnsOf(attributes!.map((text) => JSON.parse(text))),
  };
}
