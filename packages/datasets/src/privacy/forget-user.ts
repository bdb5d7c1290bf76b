import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { silent } from '@duet/base';
import type { DatasetPart } from '@duet/db';
import { partRows } from '../parts/part.ts';
import { partsOf } from '../parts/parts-of.ts';
import { literal, Workspace } from '../read/workspace/workspace.ts';
import { type SnapshotContext, snapshotOf } from '../snapshots/take-snapshot.ts';
import { changeDataset, type DatasetChange } from '../write/change-dataset.ts';
import { datasetFolder, fileDigest, partFile, partsFolder, snapshotFolder, sync } from '../write/folder.ts';
import { tidyUp } from '../write/tidy.ts';
import { inTransaction } from '../write/transaction.ts';
import { isOfPerson, type KnownPerson, knownPerson, ownIds, pendingOfPerson } from './person-rows.ts';

/** What a dataset's files and tables held of a user, and do no more. */
export interface ForgottenUser {
  /** Rows of the log of interactions, and parts that had them. */
  interactions: number;
  parts: number;
  /** Interactions that the shop's server sent, and that were in no part yet. */
  pending: number;
  /** Rows of attributes. */
  attributes: number;
  /** Rows that an import had rejected. */
  rejected: number;
  /** Older snapshots that a model or training names: there the user's rows are nobody's now. */
  anonymised: number;
}

/**
 * Erases a user, under every id that they had, from a dataset: from every part, the attributes, the rejected rows, and
 * with a new snapshot from all that is trained from now on. Older snapshots go where nothing names them; in the others
 * the user becomes somebody without a name. A killed one is made whole by the next.
 *
 * @param eraseRows erases what other tables say, while no event becomes data; afterwards nobody knows the earlier ids
 * @throws DuetError `not-found`; `conflict` while another process changes the dataset
 */
export const forgetUser = (
  ctx: SnapshotContext,
  datasetId: string,
  userId: string,
  eraseRows: () => Promise<void> = async () => {},
): Promise<ForgottenUser> =>
  changeDataset(ctx, datasetId, async (change) => {
    const { db, dataDir, signal, memory } = ctx;
    const { folder } = change;
    const person = await knownPerson(db, datasetId, userId);
    const scratch = path.join(folder, 'forget-scratch');
    await mkdir(scratch);
    const files = datasetFolder(dataDir, datasetId);
    using workspace = await Workspace.open(scratch, { files, ...(memory && { memory }), signal });
    const erased = { interactions: 0, parts: 0 };
    for (const part of await db.prisma.datasetPart.findMany({ where: { datasetId } })) {
      const removed = await forgetInPart(ctx, change, workspace, part, person);
      erased.interactions += removed;
      if (removed > 0) erased.parts += 1;
    }
    const { rowCount: pending } = await db.pool.query(`DELETE FROM "PendingInteraction" WHERE ${pendingOfPerson}`, [
      ...[datasetId, userId, JSON.stringify(person.earlier)],
    ]);
    const externalId = { in: ownIds(person) };
    const { count: attributes } = await db.prisma.datasetUser.deleteMany({ where: { datasetId, externalId } });
    const rejected = await forgetRejected(dataDir, datasetId, person);
    await eraseRows();
    const newest = await snapshotOf(ctx, { ...change, parts: await partsOf(db, datasetId) });
    const limits = { mostParts: Infinity, newestParts: 1, newestSnapshots: 1, graceMs: Infinity };
    await tidyUp(ctx, { ...change, newest }, { limits });
    const anonymised = await anonymise(ctx, change, workspace, person);
    return { ...erased, pending: pending ?? 0, attributes, rejected, anonymised };
  });

/** Puts a part without the user in the place of one that has them. @returns the rows that it lacks */
async function forgetInPart(
  { db, dataDir, progress = silent }: SnapshotContext,
  { dataset: { id: datasetId }, folder }: DatasetChange,
  workspace: Workspace,
  part: DatasetPart,
  person: KnownPerson,
): Promise<number> {
  const old = partFile(dataDir, datasetId, part.id);
  const rows = partRows([old], 'file_row_number = true');
  const found = await workspace.row(`SELECT count(*)::DOUBLE AS n FROM ${partRows([old])} WHERE ${isOfPerson(person)}`);
  const removed = Number(found.n);
  if (removed === 0) return 0;
  const id = randomUUID();
  const made = path.join(folder, `${id}.parquet`);
  await workspace.run(
    `COPY (SELECT * EXCLUDE (file_row_number) FROM ${rows} WHERE NOT (${isOfPerson(person)}) ORDER BY file_row_number)
     TO ${literal(made)} (FORMAT parquet, COMPRESSION zstd)`,
    { progress, step: 'forget a user' },
  );
  await sync(made);
  const [bytes, sha256] = [BigInt((await stat(made)).size), await fileDigest(made)];
  await inTransaction(db, async (client) => {
    await rename(made, partFile(dataDir, datasetId, id));
    await sync(partsFolder(dataDir, datasetId));
    await client.query(
      `INSERT INTO "DatasetPart" (id, "datasetId", source, origin, interactions, duplicates, bytes, sha256, "firstAt", "lastAt", "createdAt")
       SELECT $2, "datasetId", source, origin, interactions - $3, duplicates, $4, $5, "firstAt", "lastAt", "createdAt"
       FROM "DatasetPart" WHERE id = $1`,
      [part.id, id, removed, bytes, sha256],
    );
    // A compaction names the parts that it has in it; snapshots, those that they are of.
    await client.query(
      `UPDATE "DatasetPart" SET origin = replace(origin::text, $2, $3)::jsonb WHERE "datasetId" = $1 AND source = 'compaction'`,
      [datasetId, part.id, id],
    );
    await client.query(
      `UPDATE "Snapshot" SET "partIds" = array_replace("partIds", $2::uuid, $3::uuid)
       WHERE "datasetId" = $1 AND number < (SELECT max(number) FROM "Snapshot" WHERE "datasetId" = $1)`,
      [datasetId, part.id, id],
    );
    await client.query('DELETE FROM "DatasetPart" WHERE id = $1', [part.id]);
  });
  await rm(old, { force: true });
  return removed;
}

/** Takes the user's names from the snapshots that stay. @returns how many had one */
async function anonymise(
  { db, dataDir }: SnapshotContext,
  { dataset: { id: datasetId }, folder }: DatasetChange,
  workspace: Workspace,
  person: KnownPerson,
): Promise<number> {
  let named = 0;
  const is = `user_id IN (${ownIds(person).map(literal)})`;
  for (const { id } of await db.prisma.snapshot.findMany({ where: { datasetId }, select: { id: true } })) {
    const file = path.join(snapshotFolder(dataDir, { id, datasetId }), 'users.parquet');
    const users = partRows([file]);
    const found = await workspace.row(`SELECT count(*)::DOUBLE AS n FROM ${users} WHERE ${is}`);
    if (Number(found.n) === 0) continue;
    const made = path.join(folder, `${id}.users.parquet`);
    await workspace.run(
      `COPY (SELECT * REPLACE (CASE WHEN ${is} THEN 'forgotten-' || uuid()::VARCHAR ELSE user_id END AS user_id,
         CASE WHEN ${is} THEN '' ELSE title END AS title, CASE WHEN ${is} THEN '{}' ELSE attributes END AS attributes)
       FROM ${users} ORDER BY row) TO ${literal(made)} (FORMAT parquet, COMPRESSION zstd)`,
    );
    await sync(made);
    await rename(made, file);
    named += 1;
  }
  return named;
}

/** Takes the rows that name a user out of the lists of rejected rows. @returns how many */
async function forgetRejected(dataDir: string, datasetId: string, person: KnownPerson): Promise<number> {
  const folder = datasetFolder(dataDir, datasetId);
  const files = (await readdir(folder, { recursive: true })).filter((name) => /rejected.*\.jsonl$/.test(name));
  // As JSON writes them.
  const ids = ownIds(person).map((id) =>
    JSON.stringify(id)
      .slice(1, -1)
      .replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'),
  );
  const names = new RegExp(`(?<![\\w-])(${ids.join('|')})(?![\\w-])`);
  let removed = 0;
  for (const name of files) {
    const file = path.join(folder, name);
    const lines = (await readFile(file, 'utf8')).split('\n');
    const remaining = lines.filter((line) => !names.test(line));
    if (remaining.length === lines.length) continue;
    removed += lines.length - remaining.length;
    await writeFile(`${file}.tmp`, remaining.join('\n'), { mode: 0o600, flush: true });
    await rename(`${file}.tmp`, file);
  }
  return removed;
}
