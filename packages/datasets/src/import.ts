import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type Progress, silent } from '@duet/base';
import type { Database } from '@duet/db';
import { minorUnits, readFiles } from './read/read.ts';
import { Workspace } from './read/workspace.ts';
import { type ImportRequest, parseImportRequest, withPaths } from './request.ts';
import type { ImportSummary } from './summary.ts';
import { storeCatalogue } from './write/catalogue.ts';
import { writeColumnar } from './write/columnar.ts';
import { Draft } from './write/draft.ts';
import { fingerprintOf } from './write/folder.ts';

export interface ImportResult {
  datasetId: string;
  /** Interactions, users and items of the dataset. */
  rows: number;
  users: number;
  items: number;
  /** Malformed rows of all files; all are in the dataset folder's rejected.jsonl. */
  rejected: number;
  fingerprint: string;
  summary: ImportSummary;
}

interface Context {
  db: Database;
  dataDir: string;
  progress?: Progress;
  signal?: AbortSignal;
}

/**
 * Imports a dataset: interactions and vocabularies as columnar files in `<dataDir>/datasets/<id>/`, the catalogue into
 * PostgreSQL. All or nothing: a failed, stopped or killed import leaves no dataset. DuckDB holds a bounded part of the
 * files in memory.
 *
 * @throws DuetError `bad-input` (a column that is missing, a malformed row under `strict`), `not-found` (a file),
 *   `corrupt` (damaged gzip or Parquet), `conflict` (the name is taken, or being imported by another process)
 */
export async function importDataset(ctx: Context, request: ImportRequest): Promise<ImportResult> {
  const started = performance.now();
  const { progress = silent, signal } = ctx;
  const settings = withPaths(parseImportRequest(request), path.resolve);
  const { name, description, attribution, currency } = settings;
  await using draft = await Draft.begin(ctx, name, settings.replace);
  const scratch = path.join(draft.folder, 'scratch');
  await mkdir(scratch);
  using workspace = await Workspace.open(scratch, signal);
  const read = await readFiles(workspace, draft.folder, settings, { progress, signal });
  const digits = minorUnits(currency);
  const counts = await writeColumnar(workspace, draft.folder, read, { minorUnits: digits, progress });
  const fingerprint = await fingerprintOf(draft.folder);
  const summary: ImportSummary = { ...read, seconds: (performance.now() - started) / 1000 };
  const meta = { datasetId: draft.id, name, currency, fingerprint, ...counts, summary };
  await writeFile(path.join(draft.folder, 'meta.json'), `${JSON.stringify(meta, null, 2)}\n`);
  const { rows, users, items, span } = counts;
  await draft.publish(async (client) => {
    await client.query(
      `INSERT INTO "Dataset" (id, name, description, attribution, currency, settings, status, summary, fingerprint,
         interactions, users, items, rejected, "firstAt", "lastAt")
       VALUES ($1, $2, $3, $4, $5, $6, 'done', $7, $8, $9, $10, $11, $12, $13, $14)`,
      [
        draft.id,
        name,
        description,
        attribution,
        currency,
        settings,
        summary,
        fingerprint,
        rows,
        users,
        items,
        read.rejected.total,
        ...span,
      ],
    );
    await storeCatalogue(client, workspace, draft.id, { progress, items, signal });
    await rm(scratch, { recursive: true, force: true });
    signal?.throwIfAborted();
  });
  return { datasetId: draft.id, rows, users, items, rejected: read.rejected.total, fingerprint, summary };
}
