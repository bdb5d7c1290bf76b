import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { loadConfig } from '@duet/base';
import { connect, openDatabase } from '../database.ts';
import { freePort } from '../testing.ts';
import { outsideFolder } from './binaries.ts';
import { repairCluster } from './cluster.ts';
import { startPostgres } from './postgres.ts';
import { runningPid } from './server.ts';

/** A data folder of its own with a free port, deleted afterwards. */
async function dataFolder({ port, mode = 0o755 }: { port?: number; mode?: number } = {}) {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'duet-postgres-'));
  await chmod(dataDir, mode);
  return {
    config: loadConfig({ DUET_DATA_DIR: dataDir, DUET_POSTGRES_PORT: `${port ?? (await freePort())}` }),
    note: async (): Promise<{ url: string; folder: string }> =>
      JSON.parse(await readFile(path.join(dataDir, 'postgres.json'), 'utf8')),
    [Symbol.asyncDispose]: () => rm(dataDir, { recursive: true, force: true }),
  };
}

const say = async (url: string, sql: string) => {
  await using database = await connect(url);
  return (await database.pool.query(sql)).rows;
};

describe('the embedded PostgreSQL', { concurrency: 2 }, () => {
  test('goes with its data folder where that is moved', async () => {
    await using data = await dataFolder();
    {
      await using first = await startPostgres(data.config);
      await say(first.url, 'CREATE TABLE kept AS SELECT 1 AS n');
    }
    const moved = { ...data.config, dataDir: `${data.config.dataDir}-moved` };
    await rename(data.config.dataDir, moved.dataDir);
    try {
      await using second = await startPostgres(moved);
      assert.deepEqual(await say(second.url, 'SELECT n FROM kept'), [{ n: 1 }]);
      assert.equal(existsSync(data.config.dataDir), false);
    } finally {
      await rm(moved.dataDir, { recursive: true, force: true });
    }
  });

  test('keeps its data and password over a clean stop and over a kill -9', async () => {
    await using data = await dataFolder();
    const first = await startPostgres(data.config);
    assert.match(first.version, /^18\./);
    assert.equal(first.embedded, true);
    await say(first.url, 'CREATE TABLE kept AS SELECT 1 AS n');
    const { folder } = await data.note();
    assert.equal(statSync(path.join(data.config.dataDir, 'postgres.json')).mode & 0o777, 0o600);
    await first[Symbol.asyncDispose]();
    assert.equal(await runningPid(folder), undefined);

    const second = await startPostgres(data.config);
    assert.equal(second.url, first.url);
    assert.deepEqual(await say(second.url, 'INSERT INTO kept VALUES (2) RETURNING n'), [{ n: 2 }]);
    // A session in the middle of its work outlives the server: here until it is told to end.
    const work = 'SELECT count(*) FROM generate_series(1, 100000) a, generate_series(1, 100000) b';
    const busy = assert.rejects(say(second.url, work));
    const active = `SELECT pid FROM pg_stat_activity WHERE state = 'active' AND query = '${work}'`;
    let session: { pid: number } | undefined;
    while (!session) [session] = await say(second.url, active);
    process.kill((await runningPid(folder))!, 'SIGKILL');

    const starting = startPostgres(data.config);
    const refused = async () => {
      const log = () => readFile(path.join(folder, 'server.log'), 'utf8');
      while (!/shared memory block .* is still in use/.test(await log())) await pause(20);
    };
    await Promise.race([refused(), starting.then(() => assert.fail('it must wait for the session'))]);
    process.kill(session.pid, 'SIGTERM');
    await using third = await starting;
    assert.deepEqual(await say(third.url, 'SELECT n FROM kept ORDER BY n'), [{ n: 1 }, { n: 2 }]);
    await busy;
  });

  test('ends with the process that started it, even when that is killed', async () => {
    await using data = await dataFolder();
    const script = `import { startPostgres } from ${JSON.stringify(import.meta.resolve('./postgres.ts'))};
      await startPostgres(${JSON.stringify(data.config)}); console.log('up'); setInterval(() => {}, 1000);`;
    const owner = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(owner.stdout, 'data');
    const { folder } = await data.note();
    const pid = await runningPid(folder);
    assert.ok(pid !== undefined);
    {
      // It can be joined meanwhile, and the guest does not stop it.
      await using guest = await openDatabase(data.config);
      await guest.pool.query('SELECT 1');
    }
    assert.equal(await runningPid(folder), pid);
    owner.kill('SIGKILL');
    await once(owner, 'exit');
    // The next start waits for the old server's end instead of joining it or failing on it.
    await using next = await startPostgres(data.config);
    assert.ok((await runningPid(folder)) !== pid);
    assert.deepEqual(await say(next.url, 'SELECT 1 AS n'), [{ n: 1 }]);
  });

  test('starts over a pid file whose number belongs to another program by now', async () => {
    await using data = await dataFolder();
    await (await startPostgres(data.config))[Symbol.asyncDispose]();
    const { folder } = await data.note();
    await writeFile(
      path.join(folder, 'postmaster.pid'),
      `${process.pid}\n${folder}\n0\n${data.config.postgresPort}\n\n127.0.0.1\n\nready\n`,
    );
    await using again = await startPostgres(data.config);
    assert.deepEqual(await say(again.url, 'SELECT 1 AS n'), [{ n: 1 }]);
  });

  test('is started once by processes that ask at the same time', async () => {
    await using data = await dataFolder();
    const servers = await Promise.all([startPostgres(data.config), startPostgres(data.config)]);
    assert.equal(servers[0]!.url, servers[1]!.url);
    for (const server of servers) await server[Symbol.asyncDispose]();
  });

  test('lets nobody in without the password, and listens on 127.0.0.1 alone', async () => {
    await using data = await dataFolder();
    await using server = await startPostgres(data.config);
    const wrong = Object.assign(new URL(server.url), { password: 'guess' }).href;
    await assert.rejects(say(wrong, 'SELECT 1'), /password authentication failed/);
    const [row] = await say(
      server.url,
      "SELECT current_setting('listen_addresses') AS listen, current_setting('fsync') AS fsync, current_setting('unix_socket_directories') AS sockets",
    );
    assert.deepEqual(row, { listen: '127.0.0.1', fsync: 'on', sockets: '' });
  });

  test('names DUET_POSTGRES_PORT when another program has the port', async () => {
    // Whichever is free: a fixed one may be some other test's outgoing connection.
    const other = net.createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as net.AddressInfo;
    await using data = await dataFolder({ port });
    try {
      const message = new RegExp(`${port}.*DUET_POSTGRES_PORT`);
      await assert.rejects(startPostgres(data.config), { code: 'conflict', message });
    } finally {
      other.close();
    }
  });

  test('refuses data of another major version', async () => {
    await using data = await dataFolder();
    await (await startPostgres(data.config))[Symbol.asyncDispose]();
    await writeFile(path.join((await data.note()).folder, 'PG_VERSION'), '17\n');
    await assert.rejects(startPostgres(data.config), { code: 'conflict', message: /PostgreSQL 17.*PostgreSQL 18/ });
  });

  test('is never made anew beside data: a lost or torn note is refused, and mended by a new password', async () => {
    await using data = await dataFolder();
    const { dataDir } = data.config;
    const noteFile = path.join(dataDir, 'postgres.json');
    {
      await using first = await startPostgres(data.config);
      await say(first.url, 'CREATE TABLE kept AS SELECT 1 AS n');
    }
    const before = await data.note();
    await rm(noteFile);
    // Twice, because the second time once deleted what the first had put aside.
    for (let i = 0; i < 2; i++) {
      await assert.rejects(startPostgres(data.config), {
        code: 'conflict',
        message: /postgres\.json.*database repair/,
      });
    }
    for (const torn of ['', '{"url":"postgresql://du']) {
      await writeFile(noteFile, torn);
      await assert.rejects(startPostgres(data.config), { code: 'corrupt', message: /database repair/ });
    }
    assert.deepEqual((await readdir(dataDir)).sort(), ['postgres', 'postgres.json']);

    assert.equal(await repairCluster(data.config), before.folder);
    await using second = await startPostgres(data.config);
    assert.deepEqual(await say(second.url, 'SELECT n FROM kept'), [{ n: 1 }]);
    const old = Object.assign(new URL(second.url), { password: new URL(before.url).password }).href;
    await assert.rejects(say(old, 'SELECT 1'), /password authentication failed/);
    await assert.rejects(repairCluster(data.config), { code: 'conflict', message: /runs/ });
  });

  test('is never made anew where datasets or models lie, nor where its note names data that are gone', async () => {
    await using data = await dataFolder();
    const { dataDir } = data.config;
    await mkdir(path.join(dataDir, 'models', 'one'), { recursive: true });
    const refused = { code: 'conflict', message: /holds 1 model, but there is no database.*DATABASE_URL/ };
    await assert.rejects(startPostgres(data.config), refused);
    await assert.rejects(repairCluster(data.config), { code: 'not-found' });
    await rm(path.join(dataDir, 'models'), { recursive: true });
    await (await startPostgres(data.config))[Symbol.asyncDispose]();

    await mkdir(path.join(dataDir, 'datasets', 'one'), { recursive: true });
    {
      await using server = await startPostgres(data.config);
      const admin = server.url.replace(/duet$/, 'postgres');
      await say(admin, 'DROP DATABASE duet');
    }
    await assert.rejects(startPostgres(data.config), { code: 'conflict', message: /no database "duet"/ });
    await rename(path.join(dataDir, 'postgres'), path.join(dataDir, 'elsewhere'));
    await assert.rejects(startPostgres(data.config), { code: 'corrupt', message: /are not there/ });
  });

  const root = process.getuid?.() === 0 ? false : 'only root starts it as another user';
  test('keeps its data elsewhere when its user cannot enter the data folder', { skip: root }, async () => {
    await using data = await dataFolder({ mode: 0o700 });
    await using server = await startPostgres(data.config);
    const { folder } = await data.note();
    try {
      assert.ok(folder.startsWith(`${outsideFolder}/`));
      assert.deepEqual(await say(server.url, 'SELECT 1 AS n'), [{ n: 1 }]);
      await server[Symbol.asyncDispose]();
      assert.ok(existsSync(path.join(folder, 'PG_VERSION')));
      await rm(path.join(data.config.dataDir, 'postgres.json'));
      await assert.rejects(startPostgres(data.config), { code: 'conflict', where: { file: folder } });
      assert.equal(await repairCluster(data.config), folder);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

test('a DATABASE_URL that does not answer is named without its password', async () => {
  const config = loadConfig({ DATABASE_URL: 'postgresql://me:hunter22@127.0.0.1:55099/shop' });
  await assert.rejects(openDatabase(config), (error: Error) => {
    assert.match(error.message, /127\.0\.0\.1:55099\/shop does not answer: .*DATABASE_URL/);
    assert.doesNotMatch(error.message, /hunter22/);
    return true;
  });
});
