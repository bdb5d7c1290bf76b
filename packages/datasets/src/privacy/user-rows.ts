import { existsSync } from 'node:fs';
import { partRows } from '../parts/part.ts';
import { partsOf } from '../parts/parts-of.ts';
import { openDuckDb } from '../read/workspace/duckdb.ts';
import { partFile, partsFolder } from '../write/folder.ts';
import type { DatasetContext } from '../write/transaction.ts';
import { isOfPerson, knownPerson, pendingOfPerson } from './person-rows.ts';

/** What a dataset's log, attributes and waiting interactions say of a user. */
export interface UserRows {
  /** Rows of the log, oldest first, as they were imported or folded. */
  interactions: Record<string, unknown>[];
  /** Sent by the shop's server, and not in the log yet. */
  pending: Record<string, unknown>[];
  title: string;
  attributes: Record<string, unknown>;
}

/** All that a dataset's files and tables say of a user, under every id that they had. */
export async function rowsOfUser(
  { db, dataDir }: DatasetContext,
  datasetId: string,
  userId: string,
): Promise<UserRows> {
  const person = await knownPerson(db, datasetId, userId);
  const files = (await partsOf(db, datasetId)).map(({ id }) => partFile(dataDir, datasetId, id)).filter(existsSync);
  const { rows: pending } = await db.pool.query<{ row: Record<string, unknown> }>(
    `SELECT row FROM "PendingInteraction" WHERE ${pendingOfPerson} ORDER BY id`,
    [datasetId, userId, JSON.stringify(person.earlier)],
  );
  const about = await db.prisma.datasetUser.findUnique({
    where: { datasetId_externalId: { datasetId, externalId: userId } },
  });
  return {
    interactions:
      files.length === 0 ? [] : await loggedRows(partsFolder(dataDir, datasetId), files, isOfPerson(person)),
    pending: pending.map(({ row }) => row),
    title: about?.title ?? '',
    attributes: (about?.attributes ?? {}) as Record<string, unknown>,
  };
}

async function loggedRows(folder: string, files: readonly string[], isTheirs: string) {
  using database = await openDuckDb(':memory:', folder, { threads: '2' });
  const result = await database.connection.runAndReadAll(
    `SELECT user_id AS "userId", item_id AS "itemId", time, kind, weight, quantity, order_id AS "orderId",
       CASE WHEN isnan(value_minor) THEN NULL ELSE value_minor END AS "valueMinor", context
     FROM ${partRows(files)} WHERE ${isTheirs} ORDER BY time`,
  );
  return result.getRowObjectsJson() as Record<string, unknown>[];
}
