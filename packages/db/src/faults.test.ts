import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { chown } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, test } from 'node:test';
import { connect, type Database } from './database.ts';
import { databaseFault } from './faults.ts';
import { findBinaries, serverAccount } from './postgres/binaries.ts';
import { initialise, launch, serverUser } from './postgres/server.ts';
import { createTestDatabase, freePort } from './testing.ts';

/** What a call failed with, said as Duet says it; undefined where the call is at fault. */
async function faultOf(call: Promise<unknown>): Promise<string | undefined> {
  const error = await call.then(
    () => assert.fail('it must fail'),
    (cause: unknown) => cause,
  );
  const fault = databaseFault(error);
  assert.ok(fault === undefined || fault.code === 'unavailable');
  return fault?.message;
}

/** The same database, each session with these settings. */
const withSettings = (db: Database, ...settings: string[]) => {
  const url = new URL(db.url);
  url.searchParams.set('options', settings.map((setting) => `-c ${setting}`).join(' '));
  return connect(url.href, { max: 1 });
};

describe("a database's state is told from a call's fault, by SQL and by Prisma alike", () => {
  test('read-only', async () => {
    await using db = await createTestDatabase();
    await using standby = await withSettings(db, 'default_transaction_read_only=on');
    const name = 'never';
    assert.match((await faultOf(standby.pool.query('CREATE TABLE t ()')))!, /is read-only/);
    assert.match((await faultOf(standby.prisma.dataset.create({ data: { name, settings: {} } })))!, /is read-only/);
    assert.match((await faultOf(standby.prisma.$executeRaw`DELETE FROM "Dataset"`))!, /is read-only/);
  });

  test('out of time: a statement, a lock, a connection, a hanging server', async () => {
    await using db = await createTestDatabase();
    await using hasty = await withSettings(db, 'statement_timeout=50', 'lock_timeout=20');
    assert.match((await faultOf(hasty.pool.query('SELECT pg_sleep(5)')))!, /in time/);
    assert.match((await faultOf(hasty.prisma.$queryRaw`SELECT 1 FROM pg_sleep(5)`))!, /in time/);
    const holder = await db.pool.connect();
    await holder.query('BEGIN; LOCK TABLE "Dataset"');
    assert.match((await faultOf(hasty.prisma.dataset.count()))!, /in time/);
    holder.release(true);
    await using patient = await connect(db.url, { max: 1, timeoutMs: 2000 });
    const only = await patient.pool.connect();
    assert.match((await faultOf(patient.pool.query('SELECT 1')))!, /in time/);
    assert.match((await faultOf(patient.prisma.dataset.count()))!, /in time/);
    only.release();
    await using limited = await connect(db.url, { max: 1, timeoutMs: 2000 });
    assert.match((await faultOf(limited.pool.query('SELECT pg_sleep(60)')))!, /in time/);
  });

  test('without a connection, a right, or room for a sort', async () => {
    await using db = await createTestDatabase();
    const role = `duet_test_${process.pid}`;
    const url = Object.assign(new URL(db.url), { username: role, password: 'x' }).href;
    await db.pool.query(`CREATE ROLE ${role} LOGIN PASSWORD 'x' CONNECTION LIMIT 0`);
    try {
      await using other = await connect(url, { max: 1 });
      assert.match((await faultOf(other.pool.query('SELECT 1')))!, /no connection free/);
      assert.match((await faultOf(other.prisma.dataset.count()))!, /no connection free/);
      await db.pool.query(`ALTER ROLE ${role} CONNECTION LIMIT -1`);
      assert.match((await faultOf(other.pool.query('CREATE TABLE public.t ()')))!, /lacks a right.*GRANT CREATE/);
      assert.match((await faultOf(other.prisma.dataset.count()))!, /lacks a right \(permission denied for .*Dataset/);
      const wrong = await connect(Object.assign(new URL(url), { password: 'y' }).href, { max: 1 });
      await using _ = wrong;
      const refusal = (await faultOf(wrong.pool.query('SELECT 1')))!;
      assert.match(refusal, /does not let Duet in.*DATABASE_URL/);
    } finally {
      await db.pool.query(`DROP ROLE ${role}`);
    }
    await using small = await withSettings(db, 'temp_file_limit=64', 'work_mem=64');
    const sort = 'SELECT n FROM generate_series(1, 200000) n ORDER BY n DESC';
    assert.match((await faultOf(small.pool.query(sort)))!, /limit of its settings/);
  });

  test('a call that no other time makes good is no fault of the database', async () => {
    await using db = await createTestDatabase();
    const twice = { id: '00000000-0000-7000-8000-000000000000', name: 'twice', settings: {} };
    await db.prisma.dataset.create({ data: twice });
    assert.equal(await faultOf(db.prisma.dataset.create({ data: twice })), undefined);
    assert.equal(await faultOf(db.pool.query('SELECT 1/0')), undefined);
    assert.equal(await faultOf(db.pool.query('SELEC')), undefined);
  });
});

/** A file that takes all the room that its file system has. Returns how to give it back. */
function fill(folder: string): () => void {
  const file = openSync(path.join(folder, 'filler'), 'w');
  const block = Buffer.alloc(64 * 1024);
  try {
    while (statfsSync(folder).bavail > 0) writeSync(file, block);
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC');
  }
  return () => {
    ftruncateSync(file);
    closeSync(file);
  };
}

const notRoot = process.getuid?.() === 0 && process.platform === 'linux' ? false : 'only root can mount a small disk';

test('a disk that is really full is told as full, and all works again once there is room', {
  skip: notRoot,
}, async () => {
  const home = mkdtempSync(path.join(tmpdir(), 'duet-full-'));
  // An empty cluster takes 40 MB, and 16 for each segment of its log.
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=96m', 'duet-test', home]);
  try {
    const account = serverAccount();
    const binaries = await findBinaries(account);
    if (account) await chown(home, account.uid, account.gid);
    const folder = path.join(home, 'postgres');
    await initialise(binaries, account, folder, 'secret', { sync: false });
    const url = `postgresql://${serverUser}:secret@127.0.0.1:${await freePort()}/postgres`;
    const server = await launch(binaries, account, folder, url);
    await using opened = new AsyncDisposableStack();
    opened.defer(() => server.stop());
    const db = opened.use(await connect(url, { max: 2 }));
    await db.pool.query('CREATE TABLE kept (n int, filler text)');
    const insert = () =>
      db.pool.query("INSERT INTO kept SELECT n, repeat('x', 1000) FROM generate_series(1, 2000) n RETURNING n");
    await insert();
    const empty = fill(home);
    // Room that its files have already is used up first.
    let refusal: string | undefined;
    for (let tries = 0; refusal === undefined && tries < 50; tries++) {
      refusal = await insert().then(
        () => undefined,
        (error: unknown) => databaseFault(error)?.message ?? assert.fail(error as Error),
      );
    }
    assert.match(refusal!, /disk is full|does not answer|starting or stopping/);
    const { rows: before } = await db.pool.query<{ count: string }>('SELECT count(*) FROM kept');
    empty();
    assert.equal((await insert()).rowCount, 2000);
    const { rows: after } = await db.pool.query<{ count: string }>('SELECT count(*) FROM kept');
    assert.equal(Number(after[0]!.count), Number(before[0]!.count) + 2000);
  } finally {
    execFileSync('umount', [home]);
    rmSync(home, { recursive: true });
  }
});
