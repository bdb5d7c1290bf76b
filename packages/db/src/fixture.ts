import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, glob, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { repositoryRoot } from '@duet/base';
import { cacheFolder } from '@duet/base/cache-folder';
import type { Database } from './database.ts';
import { locked } from './lock.ts';
import { createTestDatabase } from './test-database.ts';

/** Where a fixture is made and where a copy of it goes: a database and a data folder. */
export interface Place {
  db: Database;
  dataDir: string;
}

/** What decides what a fixture is: a change of any of it makes a new one. */
export interface Ingredients {
  name: string;
  /** The package or app whose code makes it. The packages under it count as well, their tests do not. */
  madeBy: string;
  /** Files beside the code that it is made of, as paths in the checkout. */
  files?: readonly string[];
}

/**
 * A state of database and data folder that is costly to make: it is made once for its ingredients, kept, and copied.
 */
export interface Fixture<T> extends Ingredients {
  /** Makes it in an empty place. What it returns is kept as JSON beside it. */
  make(place: Place): Promise<T>;
}

/** Fixtures of one name that are kept, so that checkouts of different states do not take turns in making theirs. */
const keptFixtures = 8;

const fixturesFolder = (): string => path.join(cacheFolder(), 'fixtures');

/** The workspace `@duet/x` and all packages of ours that it depends on, as folders of the checkout. */
async function withDependencies(name: string, found = new Set<string>()): Promise<Set<string>> {
  const shortName = name.replace('@duet/', '');
  const folder = existsSync(path.join(repositoryRoot(), 'packages', shortName))
    ? `packages/${shortName}`
    : `apps/${shortName}`;
  if (found.has(folder)) return found;
  found.add(folder);
  const manifest = JSON.parse(await readFile(path.join(repositoryRoot(), folder, 'package.json'), 'utf8'));
  for (const other of Object.keys(manifest.dependencies ?? {})) {
    if (other.startsWith('@duet/')) await withDependencies(other, found);
  }
  return found;
}

/**
 * SHA-256 over everything that a fixture is made of: code, migrations, locked versions, files, machine and settings.
 */
async function fingerprint({ name, madeBy, files = [] }: Ingredients): Promise<string> {
  const root = repositoryRoot();
  const patterns = [...(await withDependencies(madeBy))].map((folder) => `${folder}/src/**/*.{ts,mjs}`);
  const names: string[] = ['package-lock.json', ...files];
  for await (const file of glob([...patterns, 'prisma/migrations/**/*.sql'], { cwd: root })) {
    if (!/\.test\.ts$|\/generated\//.test(file)) names.push(file);
  }
  const hash = createHash('sha256');
  const { DUET_EXECUTOR, DUET_DEVICE } = process.env;
  hash.update(JSON.stringify([name, process.version, process.platform, process.arch, DUET_EXECUTOR, DUET_DEVICE]));
  for (const file of names.sort()) hash.update(`${file}\n`).update(await readFile(path.join(root, file)));
  return hash.digest('hex').slice(0, 20);
}

/** The tables that hold what Duet knows. Events are partitioned and stay behind. */
async function tablesOf({ pool }: Database): Promise<string[]> {
  const { rows } = await pool.query<{ name: string }>(`
    SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
      AND NOT relispartition AND relname <> '_prisma_migrations' ORDER BY 1`);
  return rows.map(({ name }) => name);
}

/** Every row as PostgreSQL writes a row value, which it reads back exactly: `(1,"a, b",)`. */
type Rows = Record<string, string[]>;

async function readRows(db: Database): Promise<Rows> {
  const rows: Rows = {};
  for (const table of await tablesOf(db)) {
    const found = await db.pool.query<{ row: string }>(`SELECT t::text AS row FROM "${table}" t`);
    if (found.rows.length > 0) rows[table] = found.rows.map(({ row }) => row);
  }
  return rows;
}

/** Writes the rows in one transaction, whose end sees to the foreign keys: tables refer to each other in circles. */
async function writeRows(db: Database, rows: Rows): Promise<void> {
  const found = await db.pool.query<{ key: string }>(`
    SELECT format('ALTER TABLE %s ALTER CONSTRAINT %I ', conrelid::regclass, conname) AS key FROM pg_constraint
      WHERE contype = 'f' AND connamespace = 'public'::regnamespace AND conparentid = 0`);
  const everyKey = (is: string) => found.rows.map(({ key }) => `${key}${is}`).join(';');
  const client = await db.pool.connect();
  try {
    await client.query(`BEGIN; ${everyKey('DEFERRABLE INITIALLY DEFERRED')}`);
    for (const [table, values] of Object.entries(rows)) {
      const insert = `INSERT INTO "${table}" SELECT (r::"${table}").* FROM unnest($1::text[]) r`;
      await client.query(insert, [values]);
    }
    await client.query(`SET CONSTRAINTS ALL IMMEDIATE; ${everyKey('NOT DEFERRABLE')}; COMMIT`);
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  } finally {
    client.release();
  }
}

const dayMs = 86_400_000;

/** Deletes the fixtures of this name that were used the longest time ago, and what a killed process left unfinished. */
async function prune(name: string): Promise<void> {
  const entries = (await readdir(fixturesFolder())).filter((entry) => entry.startsWith(`${name}-`));
  const used = await Promise.all(
    entries.map(async (entry) => ({ entry, at: (await stat(path.join(fixturesFolder(), entry))).mtimeMs })),
  );
  const isWhole = ({ entry }: { entry: string }) => /-[0-9a-f]{20}$/.test(entry);
  const old = used.filter(isWhole).sort((a, b) => b.at - a.at);
  const left = used.filter((one) => !isWhole(one) && one.at < Date.now() - dayMs);
  for (const { entry } of [...old.slice(keptFixtures), ...left]) {
    await rm(path.join(fixturesFolder(), entry), { recursive: true, force: true });
  }
}

/**
 * The folder that `make` filled the first time for these ingredients, in the user's cache: to be copied, not changed.
 * The first of all processes makes it, complete or not at all, while the others wait for it.
 */
export async function keptFolder(of: Ingredients, make: (folder: string) => Promise<void>): Promise<string> {
  const folder = path.join(fixturesFolder(), `${of.name}-${await fingerprint(of)}`);
  await mkdir(fixturesFolder(), { recursive: true });
  const makeAndKeep = async () => {
    if (existsSync(folder)) return;
    const unfinished = await mkdtemp(`${folder}.`);
    try {
      await make(unfinished);
      await rename(unfinished, folder);
    } finally {
      await rm(unfinished, { recursive: true, force: true });
    }
    await prune(of.name);
  };
  if (!existsSync(folder)) await locked(`${folder}.lock`, makeAndKeep, { patienceMs: 600_000 });
  const now = new Date();
  await utimes(folder, now, now);
  return folder;
}

/**
 * Puts a copy of a fixture into `place`, whose database is migrated and holds none of it yet.
 *
 * @returns what the fixture's `make` returned
 */
export async function loadFixture<T>(place: Place, fixture: Fixture<T>): Promise<T> {
  const folder = await keptFolder(fixture, async (made) => {
    await using db = await createTestDatabase();
    const dataDir = path.join(made, 'data');
    await mkdir(dataDir);
    const value = await fixture.make({ db, dataDir });
    await writeFile(path.join(made, 'rows.json'), JSON.stringify(await readRows(db)));
    await writeFile(path.join(made, 'value.json'), JSON.stringify(value ?? null));
  });
  await cp(path.join(folder, 'data'), place.dataDir, { recursive: true });
  await writeRows(place.db, JSON.parse(await readFile(path.join(folder, 'rows.json'), 'utf8')));
  return JSON.parse(await readFile(path.join(folder, 'value.json'), 'utf8'));
}
