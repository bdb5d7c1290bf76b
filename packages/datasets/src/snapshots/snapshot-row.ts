import type { Client } from '../write/catalogue.ts';
import type { WrittenSnapshot } from './snapshot-files.ts';

interface SnapshotOf {
  id: string;
  datasetId: string;
  /** In the order in which they came. */
  partIds: readonly string[];
  /** The highest "changedIn" of the items that it has; undefined where they are written in this transaction. */
  catalogueVersion?: string | undefined;
}

/**
 * Inserts a dataset's next snapshot, which is from then on what the dataset says of itself, within the client's
 * transaction.
 */
export async function insertSnapshot(
  client: Client,
  { id, datasetId, partIds, catalogueVersion }: SnapshotOf,
  { rows, users, items, span, fingerprint, summary }: WrittenSnapshot,
): Promise<void> {
  await client.query(
    `INSERT INTO "Snapshot" (id, "datasetId", number, "partIds", fingerprint, "catalogueVersion", interactions, users, items,
       summary, "firstAt", "lastAt")
     SELECT $1, $2, coalesce((SELECT max(number) FROM "Snapshot" WHERE "datasetId" = $2), 0) + 1, $3, $4,
       coalesce($11, (SELECT max("changedIn") FROM "Item" WHERE "datasetId" = $2), 0), $5, $6, $7, $8, $9, $10`,
    [id, datasetId, partIds, fingerprint, rows, users, items, summary, ...span, catalogueVersion],
  );
  await client.query(
    `UPDATE "Dataset" SET fingerprint = $2, interactions = $3, users = $4, items = $5, "firstAt" = $6, "lastAt" = $7
     WHERE id = $1`,
    [datasetId, fingerprint, rows, users, items, ...span],
  );
}
