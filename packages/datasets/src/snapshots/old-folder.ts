import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, link, mkdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { DuetError, silent } from '@duet/base';
import type { Dataset } from '@duet/db';
import { incoming, insertPart, writePart } from '../parts/part.ts';
import { literal, Workspace } from '../read/workspace/workspace.ts';
import { userItem } from '../shape.ts';
import type { ImportSummary } from '../summary.ts';
import { writeUsers } from '../write/catalogue.ts';
import { datasetFolder, fingerprintOf, partFile, partsFolder, snapshotFolder, sync } from '../write/folder.ts';
import { type DatasetContext, inTransaction } from '../write/transaction.ts';
import { insertSnapshot } from './snapshot-row.ts';

/** What a dataset's folder held before it had parts and snapshots. */
const oldFiles = ['interactions.parquet', 'users.parquet', 'items.parquet', 'meta.json'] as const;

/**
 * Makes the first part and snapshot of a dataset that an older Duet imported, whose files lie in its folder itself. The
 * snapshot is those files, so that its fingerprint is theirs, and models that were trained on them name it.
 *
 * @param dataset whose change this process holds
 * @throws DuetError `not-found` where its folder has no such files
 */
export async function adoptOldFolder({ db, dataDir }: DatasetContext, dataset: Dataset): Promise<void> {
  const { id: datasetId } = dataset;
  const home = datasetFolder(dataDir, datasetId);
  if (!existsSync(path.join(home, 'meta.json'))) {
    throw new DuetError('not-found', 'there is no imported dataset here.', {
      where: { file: home },
      fix: 'Restore a backup (npx duet restore), or import it again.',
    });
  }
  const { summary } = JSON.parse(await readFile(path.join(home, 'meta.json'), 'utf8')) as { summary: ImportSummary };
  const { clock = 'time', sides, split = false, hides = false, context = [] } = summary as Partial<ImportSummary>;
  const partId = randomUUID();
  const snapshot = { id: randomUUID(), datasetId };
  const scratch = path.join(home, `${partId}.unfinished`);
  await mkdir(scratch);
  try {
    using workspace = await Workspace.open(scratch, { files: home });
    const [x, users, items] = oldFiles.map((name) => `read_parquet(${literal(path.join(home, name))})`);
    // What an older Duet did not write yet.
    const described = new Set(
      (await workspace.rows(`DESCRIBE SELECT * FROM ${x}`)).map(({ column_name }) => String(column_name)),
    );
    const or = (column: string, instead: string) => (described.has(column) ? `x."${column}"` : instead);
    await workspace.fill(
      incoming,
      `SELECT u.user_id, i.item_id, x.time, x.weight, x.value_minor, '' AS kind, ${or('order_id', 'NULL')} AS order_id,
         ${or('quantity', 'NULL')} AS quantity, ${hides ? 'x.hides' : 'true'} AS hides, ${split ? 'x.split' : 'NULL'} AS split,
         [${context.map((_, place) => `x.context_${place}`)}]::VARCHAR[] AS context, x.file_row_number AS place
       FROM (SELECT *, file_row_number FROM read_parquet(${literal(path.join(home, oldFiles[0]))}, file_row_number = true)) x
         JOIN ${users} u ON u.row = x.user JOIN ${items} i ON i.row = x.item`,
      { as: 'view' },
    );
    await mkdir(partsFolder(dataDir, datasetId), { recursive: true });
    const part = await writePart(workspace, partFile(dataDir, datasetId, partId), {}, silent);
    const folder = snapshotFolder(dataDir, snapshot);
    await mkdir(folder, { recursive: true });
    for (const name of oldFiles) await linkOrCopy(path.join(home, name), path.join(folder, name));
    await sync(folder, partsFolder(dataDir, datasetId));
    const fingerprint = await fingerprintOf(folder);
    const named = (await workspace.rows(`DESCRIBE SELECT * FROM ${users}`)).some((row) => row.column_name === 'title');
    const people = workspace.batches(
      `SELECT user_id, ${named ? 'title' : `''`} AS title, attributes FROM ${users}
       WHERE attributes <> '{}' ${named ? `OR title NOT IN ('', user_id)` : ''}`,
    );
    await inTransaction(db, async (client) => {
      for await (const rows of people) {
        const records = rows.map(({ user_id, title, attributes }) => ({
          ...{ externalId: String(user_id), title: String(title ?? ''), attributes: JSON.parse(String(attributes)) },
        }));
        await writeUsers(client, datasetId, records);
      }
      const origin = { migrated: true };
      await insertPart(client, { ...part, id: partId, datasetId, source: 'file', origin, timed: clock === 'time' });
      const { interactions: rows, users: userCount, items: itemCount, firstAt, lastAt } = dataset;
      await insertSnapshot(
        client,
        { ...snapshot, partIds: [partId] },
        {
          ...{ rows, users: userCount, items: itemCount, span: [firstAt, lastAt], fingerprint },
          summary: {
            ...{ clock, sides: sides ?? userItem, split, context, hides },
            ...{ kinds: { '': part.interactions }, kCore: { removed: 0, rounds: 0 } },
          },
        },
      );
      for (const table of ['Model', 'Ranker']) {
        const same = table === 'Model' ? `AND fingerprint = $3` : `AND $3 <> ''`;
        await client.query(
          `UPDATE "${table}" SET "snapshotId" = $1 WHERE "datasetId" = $2 AND "snapshotId" IS NULL ${same}`,
          [snapshot.id, datasetId, dataset.fingerprint],
        );
      }
    });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  for (const name of oldFiles) await rm(path.join(home, name), { force: true });
}

/** The same file under another name; a copy where the disk knows no such thing. */
async function linkOrCopy(from: string, to: string): Promise<void> {
  await link(from, to).catch(() => copyFile(from, to));
  await sync(to);
}
