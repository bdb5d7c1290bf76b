import { rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Connection } from '@duet/db';
import { changeDataset, type DatasetChange } from './change-dataset.ts';
import { draftFile } from './draft.ts';
import { datasetFolder } from './folder.ts';
import { type DatasetContext, inTransaction } from './transaction.ts';

/**
 * Deletes a dataset's rows and files. Killed at any moment, it is there whole, or what is left of its files goes as an
 * abandoned draft does.
 *
 * @param of `rows` deletes what hangs on it, before its own row goes; `folders` are of what was made of it
 */
export async function removeDatasetFiles(
  ctx: DatasetContext,
  datasetId: string,
  of: (change: DatasetChange) => Promise<{ rows: (client: Connection) => Promise<void>; folders: string[] }>,
): Promise<void> {
  const home = datasetFolder(ctx.dataDir, datasetId);
  await changeDataset(ctx, datasetId, async (change) => {
    const { rows, folders } = await of(change);
    const note = path.join(home, draftFile);
    await writeFile(`${note}.tmp`, JSON.stringify({ with: folders }));
    await rename(`${note}.tmp`, note);
    await inTransaction(ctx.db, async (client) => {
      await rows(client);
      await client.query('DELETE FROM "Dataset" WHERE id = $1', [datasetId]);
    }).catch(async (error) => {
      const there = await ctx.db.prisma.dataset.count({ where: { id: datasetId } });
      if (there === 1) await rm(note, { force: true });
      throw error;
    });
    for (const folder of folders) await rm(folder, { recursive: true, force: true });
  });
  await rm(home, { recursive: true, force: true });
}
