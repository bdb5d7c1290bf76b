import { randomUUID } from 'node:crypto';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { DuetError, type Progress, silent } from '@duet/base';
import type { Database, Prisma } from '@duet/db';
import { storeCatalogue } from './catalogue.ts';
import { assignRoles } from './columns.ts';
import { type EntitySummary, readItems, readUsers } from './entities.ts';
import { datasetFolder, fingerprintOf } from './folder.ts';
import { type Clock, type InteractionsSummary, readInteractions } from './interactions.ts';
import { readLists } from './lists.ts';
import { type ImportRequest, type ImportSettings, listsAt, parseImportRequest } from './request.ts';
import { isOneKind, type Sides } from './sides.ts';
import { openSource, type Source } from './source.ts';
import { literal, Workspace } from './workspace.ts';

/** A row that was left out. */
export interface RejectedRow {
  file: string;
  /** 1-based line of the file where its record begins; row number in Parquet. */
  line: number;
  /** Empty where the row as a whole is malformed. */
  column: string;
  reason: string;
  /** The offending value, or the beginning of the line. */
  value: string;
}

/** What the importer saw: `Dataset.summary`. */
export interface ImportSummary {
  clock: Clock;
  sides: Sides;
  /** Whether the file says which part each row belongs to. */
  split: boolean;
  /** Columns that say in what situation an interaction happened: `context_<place>` of the Parquet file. */
  context: string[];
  interactions: InteractionsSummary;
  items: EntitySummary;
  users: EntitySummary;
  rejected: { total: number; byReason: Record<string, number>; examples: RejectedRow[] };
  seconds: number;
}

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

const examples = 20;

/** Decimal places of a currency's minor unit: 2 for GBP, 0 for JPY. */
const minorUnits = (currency: string): number =>
  new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2;

/** What an import under this name is called until it is done. */
const workingName = (name: string): string => `${name} (importing)`;

/** Reads and checks all files and writes the dataset's folder, but nothing to PostgreSQL. */
async function fillFolder(
  workspace: Workspace,
  folder: string,
  settings: ImportSettings,
  progress: Progress,
  signal: AbortSignal | undefined,
): Promise<{
  summary: Omit<ImportSummary, 'seconds'>;
  rows: number;
  users: number;
  items: number;
  span: (Date | null)[];
}> {
  await workspace.run(
    'CREATE TABLE rejected (file VARCHAR, line BIGINT, "column" VARCHAR, reason VARCHAR, value VARCHAR)',
  );
  const open = (table: string, file: string): Promise<Source> =>
    openSource(workspace, table, file, { format: settings.format, progress, signal });
  const usersSource = settings.users === undefined ? undefined : await open('users', settings.users);
  // Where both sides are users, the users file describes both.
  const oneKind = isOneKind(settings);
  const itemsSource =
    settings.items !== undefined ? await open('items', settings.items) : oneKind ? usersSource : undefined;
  const lists = { ...settings.userLists, ...settings.itemLists };
  await readLists(workspace, 'users', oneKind ? lists : settings.userLists, open);
  await readLists(workspace, 'items', oneKind ? lists : settings.itemLists, open);
  const source = await open('interactions', settings.interactions);
  const roles = assignRoles(settings, {
    interactions: source.columns,
    ...(itemsSource && { items: itemsSource.columns }),
    ...(usersSource && { users: usersSource.columns }),
  });
  const { clock, ...interactions } = await readInteractions(workspace, source, roles.interactions, settings, progress);
  const digits = minorUnits(settings.currency);
  const items = await readItems(workspace, {
    entity: settings.right,
    source: itemsSource,
    roles: roles.items,
    interactionRoles: roles.interactions,
    minorUnits: digits,
  });
  const users = await readUsers(workspace, { entity: settings.left, source: usersSource, roles: roles.users });
  const rejected = await summariseRejected(workspace, folder);
  if (settings.strict && rejected.total > 0) {
    const [first] = rejected.examples;
    const named = rejected.examples
      .slice(0, 3)
      .map((row) => `${path.basename(row.file)}:${row.line}${row.column && ` (${row.column})`} ${row.reason}`);
    throw new DuetError(
      'bad-input',
      `${rejected.total} ${rejected.total === 1 ? 'row is' : 'rows are'} malformed: ${named.join('; ')}${rejected.total > 3 ? '; …' : ''}.`,
      {
        where: { file: first!.file, line: first!.line, ...(first!.column && { column: first!.column }) },
        fix: 'Mend them, or import without strict to leave them out and get the full list.',
      },
    );
  }
  if (interactions.kept === 0) {
    const reasons = Object.entries(rejected.byReason).map(([reason, n]) => `${reason} (${n})`);
    throw new DuetError('bad-input', `no interaction is left${reasons.length > 0 ? `: ${reasons.join(', ')}` : ''}.`, {
      where: { file: settings.interactions },
      fix: 'Look at the column mapping, the event weights and the k-core.',
    });
  }

  const { left, right, symmetric, context } = settings;
  const hasSplit = roles.interactions.split !== undefined;
  const time = clock === 'file' ? 'row_number() OVER (PARTITION BY users.row ORDER BY _line)::DOUBLE - 1' : 'moment';
  await workspace.run(`
    CREATE VIEW final_interactions AS
    SELECT users.row AS user, items.row AS item, ${time} AS time, weight::FLOAT AS weight,
      coalesce(round(value * ${10 ** digits}), 'nan'::DOUBLE) AS value_minor, quantity, order_id${hasSplit ? ', part AS split' : ''}
      ${context.map((_, i) => `, context[${i + 1}] AS context_${i}`).join('')}, _line
    FROM interactions JOIN known_users u ON u.key = user_key JOIN users ON users.user_id = u.id
      JOIN known_items i ON i.key = item_key JOIN items ON items.item_id = i.id`);
  const copy = (select: string, name: string): Promise<number> =>
    workspace.run(`COPY (${select}) TO ${literal(path.join(folder, name))} (FORMAT parquet, COMPRESSION zstd)`, {
      progress,
      step: `write ${name}`,
    });
  await copy('SELECT * EXCLUDE _line FROM final_interactions ORDER BY user, time, _line', 'interactions.parquet');
  await copy('SELECT * FROM users ORDER BY row', 'users.parquet');
  await copy('SELECT * EXCLUDE in_stock FROM items ORDER BY row', 'items.parquet');
  const counts = await workspace.row(`
    SELECT (SELECT count(*) FROM users)::DOUBLE AS users, (SELECT count(*) FROM items)::DOUBLE AS items,
      min(moment) AS first, max(moment) AS last FROM interactions`);
  return {
    summary: {
      clock,
      sides: { left, right, symmetric },
      split: hasSplit,
      context,
      interactions,
      items,
      users,
      rejected,
    },
    rows: interactions.kept,
    users: Number(counts.users),
    items: Number(counts.items),
    span: [counts.first, counts.last].map((at) => (clock === 'time' ? new Date(Number(at) * 1000) : null)),
  };
}

/** Writes rejected.jsonl, and counts and samples what it holds. */
async function summariseRejected(workspace: Workspace, folder: string): Promise<ImportSummary['rejected']> {
  // A file that describes both sides is read for each.
  await workspace.run('CREATE VIEW rejected_once AS SELECT DISTINCT * FROM rejected');
  const sorted = 'SELECT file, line, "column", reason, value FROM rejected_once ORDER BY file, line';
  await workspace.run(`COPY (${sorted}) TO ${literal(path.join(folder, 'rejected.jsonl'))} (FORMAT json)`);
  const reasons = await workspace.rows(
    'SELECT reason, count(*)::DOUBLE AS n FROM rejected_once GROUP BY reason ORDER BY n DESC, reason',
  );
  const rows = await workspace.rows(`SELECT * REPLACE (line::DOUBLE AS line) FROM (${sorted} LIMIT ${examples})`);
  return {
    total: reasons.reduce((sum, { n }) => sum + Number(n), 0),
    byReason: Object.fromEntries(reasons.map(({ reason, n }) => [String(reason), Number(n)])),
    examples: rows.map((row) => ({
      file: String(row.file),
      line: Number(row.line),
      column: String(row.column ?? ''),
      reason: String(row.reason),
      value: String(row.value ?? ''),
    })),
  };
}

/** Removes what an import that was killed has left. Only for who holds the name's lock. */
async function clearLeftovers({ db, dataDir }: Context, name: string): Promise<void> {
  const left = await db.prisma.dataset.findUnique({ where: { name: workingName(name) } });
  if (left === null) return;
  const folder = datasetFolder(dataDir, left.id);
  for (const rest of [folder, `${folder}.importing`]) await rm(rest, { recursive: true, force: true });
  await db.prisma.dataset.delete({ where: { id: left.id } });
}

/**
 * Imports a dataset: interactions and vocabularies as columnar files in `<dataDir>/datasets/<id>/`, the catalogue into
 * PostgreSQL. All or nothing: a failed, stopped or killed import leaves no dataset. Memory does not grow with the files.
 *
 * @throws DuetError `bad-input` (a column that is missing, a malformed row under `strict`), `not-found` (a file),
 *   `corrupt` (damaged gzip or Parquet), `conflict` (the name is taken, or being imported by another process)
 */
export async function importDataset(ctx: Context, request: ImportRequest): Promise<ImportResult> {
  const started = performance.now();
  const { db, dataDir, progress = silent, signal } = ctx;
  const parsed = parseImportRequest(request);
  const settings: ImportSettings = {
    ...parsed,
    interactions: path.resolve(parsed.interactions),
    ...(parsed.items && { items: path.resolve(parsed.items) }),
    ...(parsed.users && { users: path.resolve(parsed.users) }),
    userLists: listsAt(parsed.userLists, path.resolve),
    itemLists: listsAt(parsed.itemLists, path.resolve),
  };
  const { name } = settings;
  const client = await db.pool.connect();
  try {
    // Held by this connection, so that it goes with the process.
    const lock = "hashtextextended('duet import ' || $1, 0)";
    const { rows } = await client.query(`SELECT pg_try_advisory_lock(${lock}) AS held`, [name]);
    if (!rows[0].held) throw new DuetError('conflict', `a dataset "${name}" is being imported right now.`);
    try {
      await clearLeftovers(ctx, name);
      const old = await db.prisma.dataset.findUnique({
        where: { name },
        include: { models: { include: { indexes: true } } },
      });
      if (old !== null && !settings.replace) {
        throw new DuetError('conflict', `there is a dataset "${name}" already.`, {
          fix: 'Choose another name, or say replace (--replace): its models and experiments go with it.',
        });
      }
      const id = randomUUID();
      const folder = datasetFolder(dataDir, id);
      const unfinished = `${folder}.importing`;
      await db.prisma.dataset.create({
        data: {
          id,
          name: workingName(name),
          description: settings.description,
          attribution: settings.attribution,
          currency: settings.currency,
          settings: settings as unknown as Prisma.InputJsonObject,
        },
      });
      try {
        const scratch = path.join(unfinished, 'scratch');
        await mkdir(scratch, { recursive: true });
        using workspace = await Workspace.open(scratch, signal);
        const filled = await fillFolder(workspace, unfinished, settings, progress, signal);
        const fingerprint = await fingerprintOf(unfinished);
        await client.query('BEGIN');
        await storeCatalogue(client, workspace, id, { progress, items: filled.items, signal });
        const summary: ImportSummary = { ...filled.summary, seconds: (performance.now() - started) / 1000 };
        const meta = { datasetId: id, name, currency: settings.currency, fingerprint, ...filled, summary };
        await writeFile(path.join(unfinished, 'meta.json'), `${JSON.stringify(meta, null, 2)}\n`);
        await rm(scratch, { recursive: true, force: true });
        if (old !== null) {
          // Arms hold on to their models, so experiments go first.
          await client.query('DELETE FROM "Experiment" WHERE "datasetId" = $1', [old.id]);
          await client.query('DELETE FROM "Dataset" WHERE id = $1', [old.id]);
        }
        await client.query(
          `UPDATE "Dataset" SET name = $2, status = 'done', summary = $3, fingerprint = $4, interactions = $5, users = $6,
             items = $7, rejected = $8, "firstAt" = $9, "lastAt" = $10 WHERE id = $1`,
          [
            id,
            name,
            summary,
            fingerprint,
            filled.rows,
            filled.users,
            filled.items,
            summary.rejected.total,
            ...filled.span,
          ],
        );
        signal?.throwIfAborted();
        await rename(unfinished, folder);
        await client.query('COMMIT');
        const { rows, users, items } = filled;
        if (old !== null) await removeFiles(dataDir, old);
        return { datasetId: id, rows, users, items, rejected: summary.rejected.total, fingerprint, summary };
      } catch (error) {
        await client.query('ROLLBACK');
        for (const rest of [folder, unfinished]) await rm(rest, { recursive: true, force: true });
        await db.prisma.dataset.deleteMany({ where: { id } });
        throw error;
      }
    } finally {
      await client.query(`SELECT pg_advisory_unlock(${lock})`, [name]);
    }
  } finally {
    client.release();
  }
}

/** The files of a dataset that was replaced, and of its models and their indexes. */
async function removeFiles(
  dataDir: string,
  old: { id: string; models: { id: string; indexes: { id: string }[] }[] },
): Promise<void> {
  const folders = [
    datasetFolder(dataDir, old.id),
    ...old.models.map(({ id }) => path.join(dataDir, 'models', id)),
    ...old.models.flatMap(({ indexes }) => indexes.map(({ id }) => path.join(dataDir, 'indexes', id))),
  ];
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
}
