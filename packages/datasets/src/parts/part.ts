import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { Progress } from '@duet/base';
import type { Database, PartSource } from '@duet/db';
import type { Table } from '../read/workspace/tables.ts';
import { literal, type Workspace } from '../read/workspace/workspace.ts';
import type { ImportSettings } from '../request.ts';
import { fileDigest, sync } from '../write/folder.ts';

type Client = Pick<Database['pool'], 'query'>;

const columns = {
  /** The shop's own ids. */
  user_id: 'VARCHAR',
  item_id: 'VARCHAR',
  /** Unix seconds, or a position: 0 = the user's oldest of the part. */
  time: 'DOUBLE',
  /** 0 of what nobody learns from yet: impressions, refunds. */
  weight: 'DOUBLE',
  /** Minor units of the dataset's currency; NaN where unknown. */
  value_minor: 'DOUBLE',
  /** The event's name; '' where the source names none. */
  kind: 'VARCHAR',
  order_id: 'VARCHAR',
  quantity: 'DOUBLE',
  /** Whether it hides the item from the user's recommendations. */
  hides: 'BOOLEAN',
  /** Place in `splitParts`; null where the source says none. */
  split: 'UTINYINT',
  /** Values of the dataset's context columns. */
  context: 'VARCHAR[]',
};

/**
 * How files are written that stay: without dictionaries, which cost most of writing and compress no better than zstd
 * does.
 */
export const storedParquet = 'FORMAT parquet, COMPRESSION zstd, DICTIONARY_SIZE_LIMIT 1';

/** What is to become a part, in the order `place`. */
export const incoming: Table = {
  name: 'incoming',
  columns: { ...columns, place: 'BIGINT' },
  toString: () => 'incoming',
};

/** SQL for the rows of parts, which are the files of `incoming` without `place`. */
export const partRows = (files: readonly string[], options = ''): string =>
  `read_parquet([${files.map(literal)}]${options && `, ${options}`})`;

/** A part's file, and what its row says of it. */
export interface WrittenPart {
  interactions: number;
  /** Rows that another part has already. */
  duplicates: number;
  bytes: number;
  sha256: string;
  /** Unix seconds, or positions, of its first and last row. */
  first: number | null;
  last: number | null;
}

/**
 * Writes the rows of {@link incoming} that no other part has as a Parquet file, by time. Another part has a row where
 * it has the same item of the same order, or the same user, item, time and kind (or no kind, as data of an older Duet
 * have). Rows that are alike within the part all count.
 *
 * @param others files of the dataset's other parts
 * @param constants SQL for columns of {@link incoming} that are the same in every row: what need not be sorted
 */
export async function writePart(
  workspace: Workspace,
  file: string,
  { others = [], constants = {} }: { others?: readonly string[]; constants?: Readonly<Record<string, string>> },
  progress: Progress,
): Promise<WrittenPart> {
  const known = others.length > 0 ? partRows(others) : undefined;
  // What weighs nothing bought nothing: a refund names the order of its purchase.
  const fresh =
    known === undefined
      ? `${incoming}`
      : `(SELECT * FROM ${incoming} ANTI JOIN
           (SELECT DISTINCT order_id, item_id, true AS bought FROM ${known} WHERE order_id IS NOT NULL AND weight > 0) ordered
           ON ordered.order_id = ${incoming}.order_id AND ordered.item_id = ${incoming}.item_id
             AND ordered.bought = (${incoming}.weight > 0)
         ) fresh ANTI JOIN (SELECT DISTINCT user_id, item_id, time, kind FROM ${known}) old
           ON old.user_id = fresh.user_id AND old.item_id = fresh.item_id AND old.time = fresh.time
             AND old.kind IN (fresh.kind, '')`;
  const varying = Object.keys(incoming.columns).filter((name) => constants[name] === undefined);
  const all = Object.entries(columns).map(([name, type]) => `${constants[name] ?? name}::${type} AS ${name}`);
  const written = await workspace.run(
    `COPY (SELECT ${all} FROM (SELECT ${varying} FROM ${fresh} ORDER BY time, place))
     TO ${literal(file)} (${storedParquet})`,
    { progress, step: 'write part' },
  );
  await sync(file);
  const { first, last } = await workspace.row(`SELECT min(time) AS first, max(time) AS last FROM ${partRows([file])}`);
  const { n } =
    known === undefined ? { n: written } : await workspace.row(`SELECT count(*)::DOUBLE AS n FROM ${incoming}`);
  return {
    interactions: written,
    duplicates: Number(n) - written,
    bytes: (await stat(file)).size,
    sha256: await fileDigest(file),
    first: first as number | null,
    last: last as number | null,
  };
}

/** What of a request a part's row keeps. */
export const originOf = ({ interactions, items, users }: ImportSettings): object => ({
  ...{ interactions: path.basename(interactions) },
  ...(items && { items: path.basename(items) }),
  ...(users && { users: path.basename(users) }),
});

/** The row of a part. */
export async function insertPart(
  client: Client,
  part: WrittenPart & { id: string; datasetId: string; source: PartSource; origin: object; timed: boolean },
): Promise<void> {
  const date = (seconds: number | null) => (part.timed && seconds !== null ? new Date(seconds * 1000) : null);
  await client.query(
    `INSERT INTO "DatasetPart" (id, "datasetId", source, origin, interactions, duplicates, bytes, sha256, "firstAt", "lastAt")
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    [
      ...[part.id, part.datasetId, part.source, part.origin, part.interactions, part.duplicates],
      ...[part.bytes, part.sha256, date(part.first), date(part.last)],
    ],
  );
}
