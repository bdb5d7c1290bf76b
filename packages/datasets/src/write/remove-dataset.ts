import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Connection } from '@duet/db';
import { holdDataset } from './change-dataset.ts';
import { draftFile } from './draft.ts';
import { datasetFolder } from './folder.ts';
import { type DatasetContext, inTransaction } from './transaction.ts';

/** What hangs on a dataset that is removed. */
interface Hanging {
  /** Deletes what hangs on it, before its own row goes. */
  rows(client: Connection): Promise<void>;
  /** Of what was made of it. */
  folders: string[];
}

/**
 * Deletes a dataset's rows and files, those that are still there. Killed at any moment, it is there whole, or what is
 * left of its files goes as an abandoned draft does.
 *
 * @param of looks at what hangs on it once nobody else can change it
 */
export async function removeDatasetFiles(
  ctx: DatasetContext,
  datasetId: string,
  of: () => Promise<Hanging>,
): Promise<void> {
  const home = datasetFolder(ctx.dataDir, datasetId);
  await using _held = await holdDataset(ctx, datasetId);
  const { rows, folders } = await of();
  const note = path.join(home, draftFile);
  await mkdir(home, { recursive: true });
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
  for (const folder of [...folders, home]) await rm(folder, { recursive: true, force: true });
}
