import { mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Progress } from '@duet/base';
import { minorValue } from '../parts/incoming.ts';
import { incoming, partRows, storedParquet, type WrittenPart } from '../parts/part.ts';
import { interactions, knownItems, knownUsers } from '../read/workspace/tables.ts';
import { literal, type Workspace } from '../read/workspace/workspace.ts';
import type { ImportSettings } from '../request.ts';
import type { Clock, Sides } from '../shape.ts';
import type { ReadSummary } from '../summary.ts';
import { dislikedFile, fingerprintOf, sync } from '../write/folder.ts';
import { aliasesNow, itemsNow, usersNow } from './now.ts';

/** What stays the same for all snapshots of a dataset. */
export interface DatasetShape {
  clock: Clock;
  sides: Sides;
  /** Whether a file said which part each row belongs to. */
  split: boolean;
  /** Columns that say in what situation an interaction happened. */
  context: string[];
  kCore: ImportSettings['kCore'];
}

/** The shape that a first import gives its dataset. */
export const shapeOf = ({ kCore }: ImportSettings, { clock, sides, split, context }: ReadSummary): DatasetShape => ({
  ...{ clock, sides, split, context, kCore },
});

/** What a snapshot's meta.json says, and its row. */
export interface SnapshotSummary extends Omit<DatasetShape, 'kCore'> {
  /** Whether some interactions, such as views, hide nothing from recommendations. */
  hides: boolean;
  /** Rows of the parts by the event's name; those without a weight are in no snapshot. */
  kinds: Record<string, number>;
  kCore: { removed: number; rounds: number };
}

/** Counts of a snapshot, and the moments of its first and last interaction where it has times. */
export interface WrittenSnapshot {
  rows: number;
  users: number;
  items: number;
  span: [Date | null, Date | null];
  fingerprint: string;
  summary: SnapshotSummary;
}

/**
 * The interactions that a snapshot keeps: `user_key` and `item_key`, which stand for a user and an item, and of those
 * of one moment `part` and `place`, their order.
 */
const keptRows = 'kept_rows';

/**
 * What users took back: pairs of a user and an item that have an event of a weight below zero, which all their events
 * together do not outweigh. They teach nothing, and the item is hidden from the user.
 */
const takenBack = 'taken_back';

/** Where a snapshot's interactions come from, and what is known of them. */
interface SnapshotRows {
  kCore: SnapshotSummary['kCore'];
  kinds: SnapshotSummary['kinds'];
  /** Whether some may hide nothing, or take others back. */
  mayShow: boolean;
  mayTakeBack: boolean;
  /** Their first and last moment, where it is known. */
  span?: readonly [number | null, number | null];
  /** SQL for the `key` of each user with an interaction, and for its `id`; the same of items. */
  users: string;
  items: string;
}

/** Interactions of files that have just been read, as the workspace has them: those of a dataset's first part. */
export async function rowsOfFiles(
  workspace: Workspace,
  { interactions: { kCore }, mapping, hides }: ReadSummary,
  { minorUnits, part, span }: { minorUnits: number; part: WrittenPart; span: readonly [number | null, number | null] },
): Promise<SnapshotRows> {
  await workspace.run(
    `CREATE VIEW ${keptRows} AS
     SELECT user_key, item_key, moment AS time, weight, ${minorValue(minorUnits)} AS value_minor, quantity, order_id, hides,
       part AS split, context, 1 AS part, _row AS place
     FROM ${interactions}`,
  );
  return {
    ...{ kCore, span, mayShow: hides, mayTakeBack: false },
    kinds: mapping.interactions!.columns.event ? await kindsOf(workspace, `${incoming}`) : { '': part.interactions },
    users: `SELECT number AS key, id FROM ${knownUsers}`,
    items: `SELECT number AS key, id FROM ${knownItems}`,
  };
}

/** Interactions of parts, in the order in which the parts came: of them `shape.kCore` keeps some. */
export async function rowsOfParts(
  workspace: Workspace,
  parts: readonly string[],
  { kCore }: DatasetShape,
): Promise<SnapshotRows> {
  return {
    kCore: await keepRows(workspace, parts, kCore),
    kinds: await kindsOf(workspace, partRows(parts)),
    ...{ mayShow: true, mayTakeBack: true },
    users: `SELECT DISTINCT user_key AS key, user_key AS id FROM ${keptRows}`,
    items: `SELECT item_id AS key, item_id AS id FROM ${itemsNow}`,
  };
}

/**
 * Writes a snapshot's folder from interactions and from what {@link itemsNow} and {@link usersNow} hold:
 * interactions.parquet by rows of users.parquet and items.parquet, and meta.json. Users and items that the snapshot
 * before has come first, in its order.
 *
 * @param before the folder of the snapshot before
 */
export async function writeSnapshotFiles(
  workspace: Workspace,
  folder: string,
  { rows: from, shape, before }: { rows: SnapshotRows; shape: DatasetShape; before?: string | undefined },
  progress: Progress,
): Promise<WrittenSnapshot> {
  await mkdir(folder, { recursive: true });
  const hides =
    from.mayShow &&
    (await workspace.row(`SELECT coalesce(bool_or(NOT hides), false) AS n FROM ${keptRows}`)).n === true;
  await numberEntities(workspace, shape, from, before);
  const summary: SnapshotSummary = {
    ...{ clock: shape.clock, sides: shape.sides, split: shape.split, context: shape.context, hides },
    ...{ kinds: from.kinds, kCore: from.kCore },
  };
  const copy = (select: string, name: string): Promise<number> =>
    workspace.run(`COPY (${select}) TO ${literal(path.join(folder, name))} (${storedParquet})`, {
      progress,
      step: `write ${name}`,
    });
  const rows = await copy(interactionsSelect(summary), 'interactions.parquet');
  const users = await copy('SELECT * EXCLUDE (key) FROM snapshot_users ORDER BY row', 'users.parquet');
  const items = await copy('SELECT * EXCLUDE (key) FROM snapshot_items ORDER BY row', 'items.parquet');
  if (from.mayTakeBack) {
    const { n: dislikes } = await workspace.row(`SELECT count(*)::DOUBLE AS n FROM ${takenBack}`);
    if (Number(dislikes) > 0) await copy(`SELECT * FROM ${takenBack} ORDER BY ALL`, dislikedFile);
  }
  const written = `read_parquet(${literal(path.join(folder, 'interactions.parquet'))})`;
  await workspace.run(`CREATE TABLE item_counts AS SELECT item AS row, count(*) AS n FROM ${written} GROUP BY item`);
  const { first, last } = from.span
    ? { first: from.span[0], last: from.span[1] }
    : await workspace.row(`SELECT min(time) AS first, max(time) AS last FROM ${keptRows}`);
  const date = (seconds: unknown) =>
    shape.clock === 'time' && seconds !== null ? new Date(Number(seconds) * 1000) : null;
  return {
    ...{ rows, users, items, span: [date(first), date(last)] },
    fingerprint: await fingerprintOf(folder),
    summary,
  };
}

/** Writes meta.json, and has the disk hold the whole folder. */
export async function finishSnapshot(
  folder: string,
  about: { id: string; datasetId: string; name: string; currency: string },
  { rows, users, items, fingerprint, summary }: WrittenSnapshot,
): Promise<void> {
  const meta = { ...about, fingerprint, rows, users, items, summary };
  const file = path.join(folder, 'meta.json');
  await writeFile(file, `${JSON.stringify(meta, null, 2)}\n`);
  const written = (await readdir(folder)).map((name) => path.join(folder, name));
  await sync(...written, folder);
}

/**
 * SQL for the rows of parts, with their files and places: those of an id from before a log-in are the user's who logged
 * in next.
 */
async function personRows(workspace: Workspace, parts: readonly string[]): Promise<string> {
  const rows = partRows(parts, 'filename = true, file_row_number = true');
  const { n } = await workspace.row(`SELECT count(*)::DOUBLE AS n FROM ${aliasesNow}`);
  if (Number(n) === 0) return rows;
  await workspace.run(
    `CREATE VIEW person_rows AS
     SELECT r.* REPLACE (coalesce(a.user_id, r.user_id) AS user_id)
     FROM ${rows} r ASOF LEFT JOIN ${aliasesNow} a ON r.user_id = a.anonymous_id AND r.time <= a.until`,
  );
  return 'person_rows';
}

/**
 * Makes {@link keptRows}: the rows that weigh something, of items that the catalogue has (an event may name any), and of
 * users and items that have enough (Batagelj & Zaveršnik 2003).
 */
async function keepRows(
  workspace: Workspace,
  parts: readonly string[],
  core: DatasetShape['kCore'],
): Promise<SnapshotSummary['kCore']> {
  const filters = core.user > 1 || core.item > 1;
  const rows = await personRows(workspace, parts);
  await workspace.run(
    `CREATE TABLE ${takenBack} AS SELECT user_id, item_id FROM ${rows}
     WHERE (user_id, item_id) IN (SELECT (user_id, item_id) FROM ${rows} WHERE weight < 0)
     GROUP BY ALL HAVING sum(weight) <= 0`,
  );
  await workspace.run(
    `CREATE ${filters ? 'TABLE' : 'VIEW'} ${keptRows} AS
     SELECT * EXCLUDE (filename, file_row_number) RENAME (user_id AS user_key, item_id AS item_key),
       list_position([${parts.map(literal)}], filename) AS part, file_row_number AS place
     FROM ${rows} all_rows
     WHERE weight > 0 AND item_id IN (SELECT item_id FROM ${itemsNow})
       AND NOT EXISTS (SELECT 1 FROM ${takenBack} t WHERE t.user_id = all_rows.user_id AND t.item_id = all_rows.item_id)`,
  );
  const result = { removed: 0, rounds: 0 };
  if (!filters) return result;
  const prune = (id: string, least: number): Promise<number> =>
    least <= 1
      ? Promise.resolve(0)
      : workspace.run(
          `DELETE FROM ${keptRows} WHERE ${id} IN (SELECT ${id} FROM ${keptRows} GROUP BY ${id} HAVING count(*) < ${least})`,
        );
  for (;;) {
    const removed = (await prune('user_key', core.user)) + (await prune('item_key', core.item));
    if (removed === 0) return result;
    result.removed += removed;
    result.rounds++;
  }
}

/** Makes snapshot_users (those with an interaction) and snapshot_items (all of the catalogue), numbered from 0. */
async function numberEntities(
  workspace: Workspace,
  { sides }: DatasetShape,
  from: SnapshotRows,
  before: string | undefined,
): Promise<void> {
  const earlier = (name: 'users' | 'items', id: string): string =>
    before === undefined
      ? `(SELECT NULL::VARCHAR AS ${id}, NULL::INTEGER AS earlier WHERE false)`
      : `(SELECT ${id}, row AS earlier FROM read_parquet(${literal(path.join(before, `${name}.parquet`))}))`;
  // A query that nothing is said of is its own text.
  const title = sides.left === 'query' ? `coalesce(nullif(title, ''), user_id)` : `coalesce(title, '')`;
  const row = (id: string) => `(row_number() OVER (ORDER BY earlier NULLS LAST, ${id}) - 1)::INTEGER AS row`;
  await workspace.run(
    `CREATE TABLE snapshot_users AS
     SELECT ${row('user_id')}, user_id, ${title} AS title, coalesce(attributes, '{}') AS attributes, key
     FROM (SELECT key, id AS user_id FROM (${from.users})) LEFT JOIN ${usersNow} USING (user_id)
       LEFT JOIN ${earlier('users', 'user_id')} USING (user_id)`,
  );
  await workspace.run(
    `CREATE TABLE snapshot_items AS
     SELECT ${row('item_id')}, item_id, coalesce(title, '') AS title, category, price_minor,
       coalesce(attributes, '{}') AS attributes, key
     FROM ${itemsNow} LEFT JOIN (SELECT key, id AS item_id FROM (${from.items})) USING (item_id) LEFT JOIN ${earlier('items', 'item_id')} USING (item_id)`,
  );
}

/**
 * The interactions by rows of users and items, by user and time; those of one moment in the order in which they came.
 */
function interactionsSelect({ clock, split, hides, context }: SnapshotSummary): string {
  const order = 'part, place';
  // Where only the order is known, a later part's rows are later.
  const time =
    clock === 'file' ? `row_number() OVER (PARTITION BY u.row ORDER BY part, time, ${order})::DOUBLE - 1` : 'time';
  const situation = context.map((_, place) => `, context[${place + 1}] AS context_${place}`).join('');
  return `SELECT u.row AS user, i.row AS item, ${time} AS time, weight::FLOAT AS weight, value_minor, quantity, order_id
      ${split ? ', coalesce(split, 0)::UTINYINT AS split' : ''} ${hides ? ', hides' : ''} ${situation}
    FROM ${keptRows} JOIN snapshot_users u ON u.key = user_key JOIN snapshot_items i ON i.key = item_key
    ORDER BY u.row, 3, ${order}`;
}

async function kindsOf(workspace: Workspace, rows: string): Promise<Record<string, number>> {
  const counts = await workspace.rows(
    `SELECT kind, count(*)::DOUBLE AS n FROM ${rows} GROUP BY kind ORDER BY n DESC, kind`,
  );
  return Object.fromEntries(counts.map(({ kind, n }) => [String(kind), Number(n)]));
}
