import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream, existsSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { after, before, test } from 'node:test';
import { createZstdCompress, createZstdDecompress } from 'node:zlib';
import { loadConfig } from '@duet/base';
import {
  connect,
  type Database,
  ensureEventPartitions,
  migrate,
  requireOneInstallation,
  startPostgres,
} from '@duet/db';
import { createTestDatabase, freePort } from '@duet/db/testing';
import { backUp } from './backup.ts';
import { checkBackup, restore } from './restore.ts';
import { backUpIfDue } from './schedule.ts';

let home: string;
let db: Database;
let dataDir: string;
before(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'duet-backup-'));
  db = await createTestDatabase();
  dataDir = path.join(home, 'shop');
  await fillShop();
});
after(async () => {
  await db[Symbol.asyncDispose]();
  await rm(home, { recursive: true, force: true });
});

const vectors = randomBytes(3 * 2 ** 20);

/** A small shop: rows of every type that a table has, and the files that they name. */
async function fillShop(): Promise<void> {
  const { prisma } = db;
  const settings = { text: 'tab\t, line\n, back\\slash, "quote", ∅, \u{1F375}', list: [1, null, 0.1] };
  const dataset = await prisma.dataset.create({ data: { name: 'shop', settings, status: 'done' } });
  const item = {
    datasetId: dataset.id,
    externalId: 'cup',
    title: 'A cup',
    priceMinor: 250,
    attributes: { colour: '∅' },
  };
  const { id } = await prisma.item.create({ data: item });
  // A trigger of the catalogue notes this change: restoring must not note it again.
  await prisma.item.update({ where: { id }, data: { title: 'Another' } });
  const model = await prisma.model.create({
    data: { datasetId: dataset.id, name: 'dat', kind: 'dat', parameters: {} },
  });
  const measured = { dimensions: 8, size: 1, bytes: 2n ** 40n, buildMs: 3, recallAt100: 1, p50Us: 40.5, p99Us: 80 };
  const { id: indexId } = await prisma.index.create({
    data: { modelId: model.id, factory: 'Flat', engine: 'exact', active: true, ...measured },
  });
  await ensureEventPartitions(db, ['2026-02-20', '2026-02-21']);
  await db.pool.query(`
    INSERT INTO "Event" ("day", "eventId", "type", "occurredAt", "receivedAt", "userId", "itemId", "placement", "device", "simulated")
    SELECT day, gen_random_uuid(), 'click', day + interval '12 hours 0.123 seconds', now(), 'u' || n, 'cup', '', '', false
    FROM generate_series(1, 5000) n, LATERAL (SELECT '2026-02-20'::date + n % 2 AS day)`);
  const files: [string, string | Buffer][] = [
    [`datasets/${dataset.id}/meta.json`, '{}'],
    [`datasets/${dataset.id}/deep/er/empty`, ''],
    [`models/${model.id}/weights.safetensors`, vectors],
    [`indexes/${indexId}/index.faiss`, 'index'],
    ['keys/storefront-api.key', 'duet_secret'],
    ['logs/retrieval.log', 'not of interest'],
    ['postgres.json', 'not to be told'],
    ['datasets/half.importing/x', 'unfinished'],
  ];
  for (const [name, content] of files) {
    await mkdir(path.join(dataDir, path.dirname(name)), { recursive: true });
    await writeFile(path.join(dataDir, name), content);
  }
}

/** Every row of every table, as text. */
async function rowsOf({ pool }: Database): Promise<Record<string, string[]>> {
  const { rows: tables } = await pool.query<{ name: string }>(
    `SELECT oid::regclass::text AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace
       AND relkind IN ('r', 'p') AND NOT relispartition
       AND relname NOT IN ('_prisma_migrations', 'Installation') ORDER BY 1`,
  );
  const all: Record<string, string[]> = {};
  for (const { name } of tables) {
    const { rows } = await pool.query<{ row: string }>(`SELECT t::text AS row FROM ${name} t ORDER BY 1`);
    all[name] = rows.map(({ row }) => row);
  }
  return all;
}

const filesOf = async (folder: string): Promise<string[]> =>
  (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .sort();

test('a backup is restored into an empty folder and its own PostgreSQL: every row, every file, every constraint', async () => {
  const file = path.join(home, 'whole.tar.zst');
  const { missing, entries } = await backUp({ db, dataDir }, file);
  assert.deepEqual(missing, []);
  assert.equal(statSync(file).mode & 0o077, 0, 'its owner alone reads it');
  assert.equal((await checkBackup(file)).entries, entries);

  const target = path.join(home, 'restored');
  const config = loadConfig({ DUET_DATA_DIR: target, DUET_POSTGRES_PORT: `${await freePort()}` });
  await restore({ config }, file);
  await using server = await startPostgres(config);
  await using restored = await connect(server.url);
  const before = await rowsOf(db);
  assert.ok(before['"Event"']!.length === 5000 && before['"Item"']!.length === 1);
  assert.deepEqual(await rowsOf(restored), before);
  assert.deepEqual(await migrate(restored), []);
  const constraints = async ({ pool }: Database) =>
    (
      await pool.query(
        `SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
         WHERE connamespace = 'public'::regnamespace AND contype <> 'n' ORDER BY 1, 2`,
      )
    ).rows;
  assert.deepEqual(await constraints(restored), await constraints(db));

  const inside = (name: string) => !/^(postgres|logs|installation)|importing/.test(name);
  // Beside what it is a copy of, it is an installation of its own.
  await requireOneInstallation(db, dataDir);
  await requireOneInstallation(restored, target);
  await assert.rejects(requireOneInstallation(restored, dataDir), { code: 'conflict' });
  assert.deepEqual((await filesOf(target)).filter(inside), (await filesOf(dataDir)).filter(inside));
  const [model] = await readdir(path.join(target, 'models'));
  assert.ok((await readFile(path.join(target, 'models', model!, 'weights.safetensors'))).equals(vectors));
  assert.equal(await readFile(path.join(target, 'keys', 'storefront-api.key'), 'utf8'), 'duet_secret');
  assert.equal(existsSync(path.join(target, 'restore.unfinished')), false);

  await assert.rejects(restore({ config }, file), { code: 'conflict', message: /holds 1 dataset and 1 model already/ });
});

test('a backup is restored into an empty database at DATABASE_URL, and into none that has tables', async () => {
  const file = path.join(home, 'elsewhere.tar.zst');
  await backUp({ db, dataDir }, file);
  await using other = await createTestDatabase();
  const config = (name: string) => loadConfig({ DUET_DATA_DIR: path.join(home, name), DATABASE_URL: other.url });
  await assert.rejects(restore({ config: config('refused') }, file), {
    code: 'conflict',
    message: /has tables already/,
  });
  await other.pool.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
  await restore({ config: config('taken') }, file);
  assert.deepEqual(await rowsOf(other), await rowsOf(db));
});

test('rows that are written meanwhile are in a backup as one moment saw them', async () => {
  const file = path.join(home, 'busy.tar.zst');
  let writing = true;
  const write = async () => {
    for (let n = 0; writing; n++) {
      // Two rows at a time: a backup has both or neither.
      await db.prisma.$transaction([
        db.prisma.dataset.create({ data: { name: `a${n}`, settings: {} } }),
        db.prisma.dataset.create({ data: { name: `b${n}`, settings: {} } }),
      ]);
    }
  };
  const written = write();
  await backUp({ db, dataDir }, file);
  writing = false;
  await written;
  await using other = await createTestDatabase();
  await other.pool.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
  await restore({ config: loadConfig({ DUET_DATA_DIR: path.join(home, 'busy'), DATABASE_URL: other.url }) }, file);
  const { rows } = await other.pool.query(
    `SELECT count(*) FILTER (WHERE name ~ '^a\\d+$')::int AS a, count(*) FILTER (WHERE name ~ '^b\\d+$')::int AS b FROM "Dataset"`,
  );
  assert.equal(rows[0].a, rows[0].b);
  await db.prisma.dataset.deleteMany({ where: { name: { not: 'shop' } } });
});

test('a damaged, cut or foreign file is told, and leaves the folder empty', async () => {
  const file = path.join(home, 'damaged.tar.zst');
  await backUp({ db, dataDir }, file);
  const target = path.join(home, 'never');
  const config = loadConfig({ DUET_DATA_DIR: target, DATABASE_URL: db.url });
  const refused = { code: 'corrupt', where: { file } };

  // One byte of the model's weights, behind the compression: only the checksum can tell.
  const plain = path.join(home, 'plain.tar');
  await pipeline(createReadStream(file), createZstdDecompress(), createWriteStream(plain));
  const bytes = await readFile(plain);
  bytes[bytes.indexOf(vectors.subarray(1000, 1032)) + 5]! ^= 1;
  await writeFile(plain, bytes);
  await pipeline(createReadStream(plain), createZstdCompress(), createWriteStream(file));
  await assert.rejects(checkBackup(file), { ...refused, message: /weights\.safetensors is damaged/ });
  await assert.rejects(restore({ config }, file), refused);
  await truncate(file, Math.floor(statSync(file).size / 2));
  await assert.rejects(restore({ config }, file), refused);
  await writeFile(file, 'something else');
  await assert.rejects(restore({ config }, file), refused);
  assert.deepEqual(await filesOf(target), []);
  await assert.rejects(checkBackup(path.join(home, 'nowhere')), { code: 'not-found' });
});

test('backups are made when they are due, and the oldest go', async () => {
  const folder = path.join(home, 'scheduled');
  const schedule = { folder, everyHours: 24, keep: 2 };
  const due = (time: string) => backUpIfDue({ db, dataDir }, schedule, new Date(time));
  await mkdir(folder);
  await writeFile(path.join(folder, 'mine.tar.zst'), 'kept');
  assert.ok(await due('2026-02-20T03:00:00Z'));
  assert.equal(await due('2026-02-21T02:59:00Z'), undefined);
  assert.ok(await due('2026-02-21T03:00:00Z'));
  assert.deepEqual((await due('2026-02-22T05:00:00Z'))?.deleted, ['duet-2026-02-20T03-00-00Z.tar.zst']);
  assert.deepEqual((await readdir(folder)).sort(), [
    'duet-2026-02-21T03-00-00Z.tar.zst',
    'duet-2026-02-22T05-00-00Z.tar.zst',
    'mine.tar.zst',
  ]);
});
