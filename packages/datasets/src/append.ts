import { randomUUID } from 'node:crypto';
import { rename } from 'node:fs/promises';
import path from 'node:path';
import { DuetError, silent } from '@duet/base';
import type { Dataset, Snapshot } from '@duet/db';
import { appended, findInto, refuseCurrency } from './appended.ts';
import { storeFeed } from './catalogue/withdraw.ts';
import { answerOf, type ImportResult } from './import-answer.ts';
import { incomingOfFiles } from './parts/incoming.ts';
import { insertPart, originOf, writePart } from './parts/part.ts';
import { partsOf } from './parts/parts-of.ts';
import { clockSummary, minorUnits, spanOf } from './read/read.ts';
import type { Workspace } from './read/workspace/workspace.ts';
import { type ImportContext, reading } from './reading.ts';
import { type ImportRequest, type ImportSettings, withPaths } from './request.ts';
import type { SnapshotSummary } from './snapshots/snapshot-files.ts';
import { snapshotOf } from './snapshots/take-snapshot.ts';
import type { ReadSummary } from './summary.ts';
import { storeUsers } from './write/catalogue.ts';
import { changeDataset, type DatasetChange } from './write/change-dataset.ts';
import { datasetFolder, partFile, partsFolder, sync } from './write/folder.ts';
import { tidyUp } from './write/tidy.ts';
import { inTransaction } from './write/transaction.ts';

/**
 * Adds files to a dataset: interactions that it lacks as another part, items and users over those it has, and the
 * snapshot that has them. The same files twice add nothing. All or nothing up to the snapshot, which the next call
 * makes up for.
 *
 * @throws DuetError as `importDataset`; `bad-input` for another currency, clock or sides than the dataset's; `conflict`
 *   where a complete items file would withdraw a large share of the catalogue
 */
export async function appendFiles(ctx: ImportContext, request: ImportRequest): Promise<ImportResult> {
  const started = performance.now();
  const { db, dataDir } = ctx;
  const dataset = await findInto(db, request.into!);
  const settings = withPaths(appended(request, dataset), (file) => path.resolve(file));
  if (settings.currency !== undefined) refuseCurrency(dataset, settings.currency, 'the request');
  return changeDataset(ctx, dataset.id, async (change) => {
    const { folder, newest } = change;
    // A k-core is of all parts together.
    const read = { ...settings, kCore: { user: 1, item: 1 } };
    const known = { files: datasetFolder(dataDir, dataset.id), currency: dataset.currency };
    const stored = await reading(
      ctx,
      folder,
      read,
      async (workspace, summary) => {
        refuseOther(dataset, newest, summary);
        const seconds = (performance.now() - started) / 1000;
        const clock = clockSummary(summary.clock, await spanOf(workspace));
        return { summary: { ...summary, seconds }, clock, ...(await store(ctx, change, settings, workspace, summary)) };
      },
      known,
    );
    const parts = await partsOf(db, dataset.id);
    const snapshot = await snapshotOf(ctx, { ...change, parts });
    await tidyUp(ctx, { ...change, newest: snapshot });
    const { summary, ...counts } = stored;
    return {
      ...{ datasetId: dataset.id, snapshot: snapshot.id, rows: snapshot.interactions, users: snapshot.users },
      ...{ items: snapshot.items, fingerprint: snapshot.fingerprint, ...answerOf(summary), ...counts, summary },
    };
  });
}

/** @throws DuetError `bad-input` for files that mean something else than the dataset's */
function refuseOther(dataset: Dataset, newest: Snapshot, read: ReadSummary): void {
  refuseCurrency(dataset, read.currency.code, read.currency.from);
  const { clock, sides } = newest.summary as unknown as SnapshotSummary;
  const clocks = { time: 'times', position: 'positions', file: 'neither times nor positions' };
  if (read.clock !== clock) {
    throw new DuetError(
      'bad-input',
      `The interactions of "${dataset.name}" have ${clocks[clock]}, and these have ${clocks[read.clock]}.`,
      { where: { field: 'time' }, fix: 'Name the column with --time, or --position.' },
    );
  }
  const say = ({ left, right, symmetric }: typeof sides) => `${left}s with ${right}s${symmetric ? ', both ways' : ''}`;
  if (say(read.sides) !== say(sides)) {
    throw new DuetError('bad-input', `"${dataset.name}" has ${say(sides)}, and this is ${say(read.sides)}.`, {
      where: { field: 'left' },
    });
  }
}

/** Writes the part and the rows in one moment. */
async function store(
  { db, dataDir, progress = silent, signal }: ImportContext,
  { dataset, parts, folder }: DatasetChange,
  settings: ImportSettings,
  workspace: Workspace,
  read: ReadSummary,
) {
  const datasetId = dataset.id;
  const partId = randomUUID();
  const constants = await incomingOfFiles(workspace, read, minorUnits(dataset.currency));
  const made = path.join(folder, 'part.parquet');
  const others = parts.map(({ id }) => partFile(dataDir, datasetId, id));
  const part = await writePart(workspace, made, { others, constants }, progress);
  return inTransaction(db, async (client) => {
    const { catalogue, allowWithdraw } = settings;
    const complete = catalogue === 'complete';
    const how = { complete, allowWithdraw, says: read.mapping.items?.says, progress, signal };
    const items = await storeFeed(client, workspace, datasetId, how);
    await storeUsers(client, workspace, datasetId, { progress, signal });
    signal?.throwIfAborted();
    if (part.interactions > 0) {
      await rename(made, partFile(dataDir, datasetId, partId));
      await sync(partsFolder(dataDir, datasetId));
      const timed = read.clock === 'time';
      await insertPart(client, { ...part, id: partId, datasetId, source: 'file', origin: originOf(settings), timed });
    }
    await rename(path.join(folder, 'rejected.jsonl'), path.join(datasetFolder(dataDir, datasetId), 'rejected.jsonl'));
    await client.query('UPDATE "Dataset" SET rejected = $2 WHERE id = $1', [datasetId, read.rejected.total]);
    const { added: addedItems, updated: updatedItems, withdrawn: withdrawnItems } = items;
    return { added: part.interactions, duplicates: part.duplicates, addedItems, updatedItems, withdrawnItems };
  });
}
