import { DuetError } from '@duet/base';
import { listedItems } from '../read/tables.ts';
import type { Workspace } from '../read/workspace.ts';
import type { Client } from '../write/catalogue.ts';

/** A feed that lacks more of the catalogue than this is more likely cut off than meant. */
const largestShare = 0.2;

/** @throws DuetError `conflict` where more than `share` of the shown items would be withdrawn */
export function refuseLargeWithdrawal(
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
export async function withdrawMissing(client: Client, workspace: Workspace, datasetId: string): Promise<number> {
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
