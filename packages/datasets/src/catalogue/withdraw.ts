import { DuetError, type Progress } from '@duet/base';
import { listedItems } from '../read/workspace/tables.ts';
import type { Workspace } from '../read/workspace/workspace.ts';
import type { ListedFields } from '../summary.ts';
import { type Client, storeCatalogue } from '../write/catalogue.ts';

interface StoreOptions {
  progress: Progress;
  signal?: AbortSignal | undefined;
  /** What of an item the feed says. */
  says?: ListedFields | undefined;
}

/** A feed that lacks more of the catalogue than this is more likely cut off than meant. */
const largestShare = 0.2;

/** @throws DuetError `conflict` where more than `share` of the shown items would be withdrawn */
function refuseLargeWithdrawal(
  { shown, withdrawn }: { shown: number; withdrawn: number },
  share: number = largestShare,
): void {
  if (withdrawn <= share * shown) return;
  const percent = Math.round((100 * withdrawn) / shown);
  throw new DuetError(
    'conflict',
    `The file lacks ${withdrawn} of the ${shown} items that are shown (${percent} %): they would be withdrawn.`,
    { fix: 'Look whether the file is whole. If it is meant, say --allow-withdraw.' },
  );
}

/**
 * Withdraws what the workspace's {@link listedItems} lack of a dataset's catalogue. @returns how many items that were
 */
async function withdrawMissing(client: Client, workspace: Workspace, datasetId: string): Promise<number> {
  await client.query('CREATE TEMP TABLE listed (id text PRIMARY KEY) ON COMMIT DROP');
  for await (const rows of workspace.batches(`SELECT DISTINCT id FROM ${listedItems}`)) {
    await client.query('INSERT INTO listed SELECT unnest($1::text[])', [rows.map(({ id }) => String(id))]);
  }
  const { rowCount } = await client.query(
    `UPDATE "Item" SET "withdrawnAt" = now(), "updatedAt" = now()
     WHERE "datasetId" = $1 AND "withdrawnAt" IS NULL AND "externalId" NOT IN (SELECT id FROM listed)`,
    [datasetId],
  );
  return rowCount ?? 0;
}

/**
 * Writes the workspace's items over a dataset's, and where they are all that the shop sells withdraws the others.
 *
 * @returns how many items each did
 * @throws DuetError `conflict` where a large share of the shown items would be withdrawn, unless that is allowed
 */
export async function storeFeed(
  client: Client,
  workspace: Workspace,
  datasetId: string,
  { complete, allowWithdraw = false, ...o }: { complete: boolean; allowWithdraw?: boolean | undefined } & StoreOptions,
): Promise<{ added: number; updated: number; withdrawn: number }> {
  const { rows } = await client.query<{ shown: number }>(
    `SELECT count(*)::int AS shown FROM "Item" WHERE "datasetId" = $1 AND "withdrawnAt" IS NULL`,
    [datasetId],
  );
  const stored = await storeCatalogue(client, workspace, datasetId, o, o.says);
  const withdrawn = complete ? await withdrawMissing(client, workspace, datasetId) : 0;
  refuseLargeWithdrawal({ shown: rows[0]!.shown, withdrawn }, allowWithdraw ? 1 : undefined);
  return { ...stored, withdrawn };
}
