import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { DuetError } from '@duet/base';
import { type Database, holdLock, requireOneInstallation } from '@duet/db';
import { datasetFolder } from './folder.ts';

type Client = Pick<Database['pool'], 'query'> & { release(): void };

interface Context {
  db: Database;
  dataDir: string;
}

/** A file in a dataset's folder from its making until the dataset's row is there; says what the dataset replaces. */
const draftFile = 'draft.json';

const tryLock = (db: Database, key: string) => holdLock(db, `duet import ${key}`);

/** A dataset that is to be replaced: its id, and the folders of all that was made of it. */
interface Replaced {
  id: string;
  folders: string[];
}

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
  readonly #replaced: Replaced | undefined;
  #isDraft = true;

  private constructor({ db, dataDir }: Context, client: Client, replaced: Replaced | undefined) {
    this.folder = datasetFolder(dataDir, this.id);
    this.#db = db;
    this.#client = client;
    this.#replaced = replaced;
  }

  /**
   * @param replace Whether it may take the place of a dataset of the same name.
   * @throws DuetError `conflict` where the name is taken, or being taken by another process, or where the database is not
   *   the one of the data folder
   */
  static async begin(ctx: Context, name: string, replace: boolean): Promise<Draft> {
    await clearAbandonedDrafts(ctx);
    await using held = new AsyncDisposableStack();
    if (held.use(await tryLock(ctx.db, name)) === undefined) {
      throw new DuetError('conflict', `a dataset "${name}" is being imported right now.`);
    }
    const replaced = await findReplaced(ctx, name);
    if (replaced !== undefined && !replace) {
      throw new DuetError('conflict', `there is a dataset "${name}" already.`, {
        fix: 'Choose another name, or say replace (--replace): its models and experiments go with it.',
      });
    }
    const client = held.adopt(await ctx.db.pool.connect(), (taken) => taken.release());
    const draft = new Draft(ctx, client, replaced);
    held.use(await tryLock(ctx.db, draft.id));
    await mkdir(draft.folder, { recursive: true });
    await writeFile(path.join(draft.folder, draftFile), JSON.stringify({ replaces: replaced?.folders ?? [] }));
    draft.#held.use(held.move());
    return draft;
  }

  /** Writes the rows within a transaction, after those of the dataset that is replaced have gone. */
  async publish(writeRows: (client: Client) => Promise<void>): Promise<void> {
    try {
      await this.#client.query('BEGIN');
      if (this.#replaced !== undefined) {
        // Arms hold on to their models, so experiments go first.
        await this.#client.query('DELETE FROM "Experiment" WHERE "datasetId" = $1', [this.#replaced.id]);
        await this.#client.query('DELETE FROM "Dataset" WHERE id = $1', [this.#replaced.id]);
      }
      await writeRows(this.#client);
    } catch (error) {
      // A connection that is lost has ended its transaction.
      await this.#client.query('ROLLBACK').catch(() => {});
      throw error;
    }
    // Where the answer to COMMIT is lost, the rows may be there: the files stay, and go as an abandoned draft if they are not.
    this.#isDraft = false;
    await this.#client.query('COMMIT').catch(async (error) => {
      const { rowCount } = await this.#db.pool.query('SELECT FROM "Dataset" WHERE id = $1', [this.id]);
      if (rowCount !== 1) throw error;
    });
    await finish(this.folder);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await using _ = this.#held;
    if (this.#isDraft) await rm(this.folder, { recursive: true, force: true });
  }
}

/** Takes what a published dataset replaced away; it is a draft no more. */
async function finish(folder: string): Promise<void> {
  const draft = path.join(folder, draftFile);
  const { replaces } = JSON.parse(await readFile(draft, 'utf8')) as { replaces: string[] };
  for (const replaced of replaces) await rm(replaced, { recursive: true, force: true });
  await rm(draft);
}

async function findReplaced({ db, dataDir }: Context, name: string): Promise<Replaced | undefined> {
  const old = await db.prisma.dataset.findUnique({
    where: { name },
    include: { models: { include: { indexes: true } } },
  });
  if (old === null) return undefined;
  const folders = [
    datasetFolder(dataDir, old.id),
    ...old.models.map(({ id }) => path.join(dataDir, 'models', id)),
    ...old.models.flatMap(({ indexes }) => indexes.map(({ id }) => path.join(dataDir, 'indexes', id))),
  ];
  return { id: old.id, folders };
}

/**
 * Clears up after imports that were killed: removes drafts that no process makes any more, and ends the replacing of those
 * whose rows are there. An older Duet left rows too, called "<name> (importing)".
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
        if (row.rowCount === 1) return finish(folder);
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
  return cleared;
}
