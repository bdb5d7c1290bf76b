import { randomUUID } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { silent } from '@duet/base';
import { appendFiles } from './append.ts';
import { answerOf, type ImportAnswer, type ImportResult } from './import-answer.ts';
import { incomingOfFiles } from './parts/incoming.ts';
import { insertPart, originOf, writePart } from './parts/part.ts';
import { type Preview, previewTables } from './read/preview.ts';
import { clockSummary, minorUnits, spanOf } from './read/read.ts';
import { aside, type ImportContext, type ReadingContext, reading } from './reading.ts';
import { type ImportRequest, parseImportRequest, withPaths } from './request.ts';
import { loadNow } from './snapshots/now.ts';
import { finishSnapshot, rowsOfFiles, shapeOf, writeSnapshotFiles } from './snapshots/snapshot-files.ts';
import { insertSnapshot } from './snapshots/snapshot-row.ts';
import type { ImportSummary, ReadSummary } from './summary.ts';
import { countCategories, storeCatalogue, storeUsers } from './write/catalogue.ts';
import { Draft } from './write/draft.ts';
import { partFile, partsFolder, snapshotFolder } from './write/folder.ts';

export interface ImportPreview extends ImportAnswer, Preview {
  summary: ReadSummary;
}

/**
 * Imports a dataset, its first part and snapshot, or adds to the one that `into` names. Interactions become columnar
 * files in `<dataDir>/datasets/<id>/`, the catalogue and what is known of users rows of PostgreSQL. All or nothing: a
 * failed, stopped or killed import leaves no dataset. DuckDB holds a bounded part of the files in memory.
 *
 * @throws DuetError `bad-input` (a column that is missing, a malformed row under `strict`, nothing that can be used),
 *   `not-found` (a file), `corrupt` (a damaged one), `conflict` (the name is taken, or being imported by another
 *   process), `unauthorised` (what may not be fetched), `unavailable` (what cannot be, and where memory or disk end)
 */
export async function importDataset(ctx: ImportContext, request: ImportRequest): Promise<ImportResult> {
  const started = performance.now();
  const { progress = silent, signal } = ctx;
  if (request.into !== undefined) return appendFiles(ctx, request);
  const settings = withPaths(parseImportRequest(request), (file) => path.resolve(file));
  const { name = '', description, attribution } = settings;
  await using draft = await Draft.begin(ctx, name);
  const { id: datasetId, folder } = draft;
  const [partId, snapshotId] = [randomUUID(), randomUUID()];
  return await reading(ctx, folder, settings, async (workspace, read) => {
    const currency = read.currency.code;
    const constants = await incomingOfFiles(workspace, read, minorUnits(currency));
    await mkdir(partsFolder(ctx.dataDir, datasetId));
    const file = partFile(ctx.dataDir, datasetId, partId);
    const part = await writePart(workspace, file, { constants }, progress);
    const span = await spanOf(workspace);
    const clock = clockSummary(read.clock, span);
    const summary: ImportSummary = { ...read, seconds: (performance.now() - started) / 1000 };
    const snapshots = snapshotFolder(ctx.dataDir, { id: snapshotId, datasetId });
    const written = await draft.publish(async (client) => {
      await client.query(
        `INSERT INTO "Dataset" (id, name, description, attribution, currency, settings, status, summary, rejected,
           "showOutOfStock")
         VALUES ($1, $2, $3, $4, $5, $6, 'done', $7, $8, $9)`,
        [
          ...[datasetId, name, description, attribution, currency, settings, summary],
          ...[read.rejected.total, settings.showOutOfStock],
        ],
      );
      await storeCatalogue(client, workspace, datasetId, { progress, signal });
      await storeUsers(client, workspace, datasetId, { progress, signal });
      await loadNow(workspace, client, datasetId);
      const rows = await rowsOfFiles(workspace, read, { minorUnits: minorUnits(currency), part, span });
      const snapshot = { rows, shape: shapeOf(settings, read) };
      const files = await writeSnapshotFiles(workspace, snapshots, snapshot, progress);
      await finishSnapshot(snapshots, { id: snapshotId, datasetId, name, currency }, files);
      await countCategories(client, workspace, datasetId);
      const timed = read.clock === 'time';
      await insertPart(client, { ...part, id: partId, datasetId, source: 'file', origin: originOf(settings), timed });
      await insertSnapshot(client, { id: snapshotId, datasetId, partIds: [partId] }, files);
      await rm(workspace.folder, { recursive: true, force: true });
      signal?.throwIfAborted();
      return files;
    });
    const { fingerprint, span: _, summary: __, ...counts } = written;
    return { datasetId, snapshot: snapshotId, ...counts, ...answerOf(read), clock, fingerprint, summary };
  });
}

/**
 * Reads a request's files as an import does, and shows what would be stored; writes nothing.
 *
 * @throws DuetError as {@link importDataset}
 */
export async function previewImport(ctx: ReadingContext, request: ImportRequest): Promise<ImportPreview> {
  const settings = withPaths(parseImportRequest(request), (file) => path.resolve(file));
  return aside((folder) =>
    reading(ctx, folder, settings, async (workspace, read) => {
      const { counts, ...preview } = await previewTables(workspace, read);
      return {
        ...counts,
        ...answerOf(read),
        clock: clockSummary(read.clock, await spanOf(workspace)),
        ...preview,
        summary: read,
      };
    }),
  );
}
