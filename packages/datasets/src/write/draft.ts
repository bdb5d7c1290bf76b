import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { DuetError } from '@duet/base';
import { type Database, holdLock, requireOneInstallation } from '@duet/db';
import { clearAbandonedChanges } from './change-dataset.ts';
import { datasetFolder } from './folder.ts';

type Client = Pick<Database['pool'], 'query'> & { release(): void };

interface Context {
  db: Database;
  dataDir: string;
}

/** A file in a dataset's folder from its making until the dataset's row is there, and while the dataset is removed. */
export const draftFile = 'draft.json';

const tryLock = (db: Database, key: string) => holdLock(db, `duet import ${key}`);

/**
 * A dataset that is being made under a name that nobody else can take meanwhile: a folder with files, and rows that
 * {@link Draft.publish} writes in one transaction. What is disposed of before that leaves nothing; what a process that
 * was killed has left, a folder without a row, goes with {@link clearAbandonedDrafts}.
 */
export class Draft implements AsyncDisposable {
  readonly id = randomUUID();
  /** Where the files are made. */
  readonly folder: string;
  readonly #db: Database;
  readonly #client: Client;
  /** Its connection, and the locks of its name and its id. */
  readonly #held = new AsyncDisposableStack();
  #isDraft = true;

  private constructor({ db, dataDir }: Context, client: Client) {
    this.folder = datasetFolder(dataDir, this.id);
    this.#db = db;
    this.#client = client;
  }

  /**
   * @throws DuetError `conflict` where the name is taken, or being taken by another process, or where the database is
   *   not the one of the data folder
   */
  static async begin(ctx: Context, name: string): Promise<Draft> {
    await clearAbandonedDrafts(ctx);
    await using held = new AsyncDisposableStack();
    if (held.use(await tryLock(ctx.db, name)) === undefined) {
      throw new DuetError('conflict', `a dataset "${name}" is being imported right now.`);
    }
    if ((await ctx.db.prisma.dataset.count({ where: { name } })) > 0) {
      throw new DuetError('conflict', `there is a dataset "${name}" already.`, {
        fix: `Choose another name; add to it with --into ${name}; or give it up first: npx duet datasets remove ${name}.`,
      });
    }
    const client = held.adopt(await ctx.db.pool.connect(), (taken) => taken.release());
    const draft = new Draft(ctx, client);
    held.use(await tryLock(ctx.db, draft.id));
    await mkdir(draft.folder, { recursive: true });
    await writeFile(path.join(draft.folder, draftFile), '{}');
    draft.#held.use(held.move());
    return draft;
  }

  /** Writes the rows within a transaction. */
  async publish<T>(writeRows: (client: Client) => Promise<T>): Promise<T> {
    let written: T;
    try {
      await this.#client.query('BEGIN');
      written = await writeRows(this.#client);
    } catch (error) {
      // A connection that is lost has ended its transaction.
      await this.#client.query('ROLLBACK').catch(() => {});
      throw error;
    }
    // Where the answer to COMMIT is lost, the rows may be there: the files stay, and go as an abandoned draft if they
    // are not.
    this.#isDraft = false;
    await this.#client.query('COMMIT').catch(async (error) => {
      const { rowCount } = await this.#db.pool.query('SELECT FROM "Dataset" WHERE id = $1', [this.id]);
      if (rowCount !== 1) throw error;
    });
    await rm(path.join(this.folder, draftFile));
    return written;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await using _ = this.#held;
    if (this.#isDraft) await rm(this.folder, { recursive: true, force: true });
  }
}

/** The folders of what was made of a dataset whose removal was cut off; none of a draft. */
async function madeOf(folder: string): Promise<string[]> {
  const note = JSON.parse(await readFile(path.join(folder, draftFile), 'utf8')) as { with?: string[] };
  return note.with ?? [];
}

/**
 * Clears up after imports and removals that were killed: removes drafts that no process makes any more; those whose
 * rows are there are none. An older Duet left rows too, called "<name> (importing)". What killed changes of a dataset
 * have left goes too.
 *
 * @returns how many were removed
 * @throws DuetError `conflict` where the database is not the one of the data folder, before anything is removed
 */
export async function clearAbandonedDrafts({ db, dataDir }: Context): Promise<number> {
  await requireOneInstallation(db, dataDir);
  const datasets = path.dirname(datasetFolder(dataDir, 'x'));
  const drafts = (await readdir(datasets, { withFileTypes: true }).catch(() => [])).filter((entry) =>
    entry.isDirectory(),
  );
  const client = await db.pool.connect();
  let cleared = 0;
  const whileLocked = async (key: string, work: () => Promise<void>): Promise<void> => {
    await using held = await tryLock(db, key);
    if (held !== undefined) await work();
  };
  try {
    for (const { name: id } of drafts) {
      const folder = path.join(datasets, id);
      if (!existsSync(path.join(folder, draftFile))) continue;
      await whileLocked(id, async () => {
        const row = await client.query('SELECT FROM "Dataset" WHERE id::text = $1', [id]);
        if (row.rowCount === 1) return rm(path.join(folder, draftFile));
        for (const made of await madeOf(folder)) await rm(made, { recursive: true, force: true });
        await rm(folder, { recursive: true, force: true });
        cleared++;
      });
    }
    const old = await client.query<{ id: string; name: string }>(
      `SELECT id, name FROM "Dataset" WHERE status = 'running' AND name LIKE '% (importing)'`,
    );
    for (const { id, name } of old.rows) {
      await whileLocked(name.slice(0, -' (importing)'.length), async () => {
        await client.query('DELETE FROM "Dataset" WHERE id = $1', [id]);
        const folder = datasetFolder(dataDir, id);
        for (const rest of [folder, `${folder}.importing`]) await rm(rest, { recursive: true, force: true });
        cleared++;
      });
    }
  } finally {
    client.release();
  }
  return cleared + (await clearAbandonedChanges({ db, dataDir }));
}
