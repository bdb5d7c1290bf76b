import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { connect, type Database } from './database.ts';
import { holdLock } from './hold.ts';
import { migrate } from './migrate.ts';
import { serverAccount } from './postgres/binaries.ts';
import { createTestDatabase, freePort } from './testing.ts';

test('one process at a time holds a lock, by name or number, and the next has it as soon as it is let go', async () => {
  await using db = await createTestDatabase();
  for (const key of ['import shop', 72707369]) {
    const first = await holdLock(db, key);
    assert.ok(first);
    assert.equal(await holdLock(db, key), undefined);
    const waiting = holdLock(db, key, { waitMs: 20_000 });
    await first[Symbol.asyncDispose]();
    await using second = await waiting;
    assert.ok(second);
    await using other = await holdLock(db, 'another');
    assert.ok(other);
  }
  await using again = await holdLock(db, 'import shop');
  assert.ok(again);
});

/** The sessions that hold an advisory lock of this database. */
const holders = async ({ pool }: Database) =>
  (
    await pool.query<{ pid: number; state: string; xmin: string | null; xid: string | null }>(
      `SELECT a.pid, a.state, a.backend_xmin AS xmin, a.backend_xid AS xid FROM pg_locks l JOIN pg_stat_activity a USING (pid)
       WHERE l.locktype = 'advisory' AND a.datname = current_database()`,
    )
  ).rows;

test('a lock lies in an open transaction that keeps no vacuum waiting, and is taken anew where its session is ended', async () => {
  await using db = await createTestDatabase();
  await using held = await holdLock(db, 'training');
  assert.ok(held);
  const [before] = await holders(db);
  assert.partialDeepStrictEqual(before, { state: 'idle in transaction', xmin: null, xid: null });
  await db.pool.query('SELECT pg_terminate_backend($1)', [before!.pid]);
  let after = before;
  while (after === undefined || after.pid === before!.pid) {
    await pause(20);
    [after] = await holders(db);
  }
  assert.equal(await holdLock(db, 'training'), undefined);
});

const bouncer = spawnSync('pgbouncer', ['--version']).status === 0 ? false : 'PgBouncer is not installed here';

/** A real PgBouncer in transaction mode before the server of a database, with two connections for everybody. */
async function openBouncer(db: Database): Promise<{ url: string } & AsyncDisposable> {
  const folder = mkdtempSync(path.join(tmpdir(), 'duet-bouncer-'));
  const { hostname, port, username, password, pathname } = new URL(db.url);
  const bouncerPort = await freePort();
  writeFileSync(
    path.join(folder, 'pgbouncer.ini'),
    `[databases]
     * = host=${hostname} port=${port || 5432} user=${username} password=${password}
     [pgbouncer]
     listen_addr = 127.0.0.1
     listen_port = ${bouncerPort}
     auth_type = any
     pool_mode = transaction
     default_pool_size = 2
     ignore_startup_parameters = extra_float_digits,options`.replaceAll(/^ +/gm, ''),
  );
  const account = serverAccount();
  if (account) spawnSync('chown', ['-R', 'postgres', folder]);
  const child = spawn('pgbouncer', [path.join(folder, 'pgbouncer.ini')], { ...account, stdio: 'ignore', cwd: '/' });
  const url = `postgresql://${username}:x@127.0.0.1:${bouncerPort}${pathname}`;
  const answers = async () => {
    await using probe = await connect(url, { max: 1 });
    return probe.pool.query('SELECT 1').then(
      () => true,
      () => false,
    );
  };
  while (!(await answers())) await pause(20);
  return {
    url,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      rmSync(folder, { recursive: true });
    },
  };
}

test('behind PgBouncer in transaction mode a lock is one process’s, and migrating leaves none behind', {
  skip: bouncer,
}, async () => {
  await using db = await createTestDatabase();
  await using pooler = await openBouncer(db);
  await using one = await connect(pooler.url);
  await using other = await connect(pooler.url);
  {
    await using held = await holdLock(one, 'training');
    assert.ok(held);
    // Many statements of others, on whatever connection the pooler gives them.
    await Promise.all(Array.from({ length: 20 }, () => one.pool.query('SELECT 1')));
    assert.equal(await holdLock(other, 'training'), undefined);
    assert.equal(await holdLock(one, 'training'), undefined);
  }
  {
    await using next = await holdLock(other, 'training');
    assert.ok(next);
  }
  await db.pool.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
  assert.ok((await migrate(one)).length > 5);
  assert.deepEqual(await holders(db), []);
  assert.deepEqual(await migrate(db), []);
});
