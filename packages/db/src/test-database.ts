import { createHash, randomBytes } from 'node:crypto';
import { chown, mkdtemp, readdir, readFile } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DuetError, repositoryRoot } from '@duet/base';
import pg from 'pg';
import { connect, type Database } from './database.ts';
import { migrate } from './migrate.ts';
import { findBinaries, serverAccount } from './postgres/binaries.ts';
import { initialise, launch, serverUser } from './postgres/server.ts';

/** A port of 127.0.0.1 that nobody listens on now. */
export const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const probe = net.createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as net.AddressInfo;
      probe.close(() => resolve(port));
    });
  });

/**
 * Starts a server in a temporary folder and returns the URL for `DUET_TEST_DATABASE_URL`. It does not wait for the
 * disk, ends with this process however that ends, and leaves nothing behind.
 */
export async function startTestServer(): Promise<string> {
  const account = serverAccount();
  const binaries = await findBinaries(account);
  const home = await mkdtemp(path.join(tmpdir(), 'duet-test-'));
  if (account) await chown(home, account.uid, account.gid);
  const folder = path.join(home, 'postgres');
  const password = randomBytes(9).toString('base64url');
  await initialise(binaries, account, folder, password, { sync: false });
  for (let attempts = 5; ; attempts--) {
    const url = `postgresql://${serverUser}:${password}@127.0.0.1:${await freePort()}/postgres`;
    try {
      await launch(binaries, account, folder, url, { removeAfter: home });
      return url;
    } catch (error) {
      // Another process can take the port between the probe and the start.
      if (attempts === 0 || !(error instanceof DuetError && error.code === 'conflict')) throw error;
    }
  }
}

const at = (adminUrl: string, name: string): string => Object.assign(new URL(adminUrl), { pathname: `/${name}` }).href;

async function asAdmin<T>(adminUrl: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Migrates one database per server and state of the migrations; every test's database is then a copy of it. */
async function migratedTemplate(adminUrl: string): Promise<string> {
  const folder = path.join(repositoryRoot(), 'prisma/migrations');
  const hash = createHash('sha256');
  for (const file of (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.sql')).sort()) {
    hash.update(file).update(await readFile(path.join(folder, file)));
  }
  const name = `duet_template_${hash.digest('hex').slice(0, 12)}`;
  await asAdmin(adminUrl, async (client) => {
    await client.query("SELECT pg_advisory_lock(hashtext('duet test template'))");
    const { rows } = await client.query('SELECT datistemplate FROM pg_database WHERE datname = $1', [name]);
    if (rows[0]?.datistemplate) return;
    // Left unfinished by a killed run.
    await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    await client.query(`CREATE DATABASE ${name}`);
    {
      await using database = await connect(at(adminUrl, name), { max: 2 });
      await migrate(database);
    }
    await client.query(`ALTER DATABASE ${name} IS_TEMPLATE true`);
  });
  return name;
}

let prepared: Promise<{ adminUrl: string; template: string }> | undefined;

/**
 * A new, migrated, empty database, dropped on dispose. The server is the one at `DUET_TEST_DATABASE_URL` (a URL that
 * may create databases), else a temporary embedded one for this process.
 */
export async function createTestDatabase(): Promise<Database> {
  prepared ??= (async () => {
    const adminUrl = process.env.DUET_TEST_DATABASE_URL || (await startTestServer());
    return { adminUrl, template: await migratedTemplate(adminUrl) };
  })();
  const { adminUrl, template } = await prepared;
  const name = `duet_test_${randomBytes(6).toString('hex')}`;
  await asAdmin(adminUrl, (client) => client.query(`CREATE DATABASE ${name} TEMPLATE ${template}`));
  const database = await connect(at(adminUrl, name), { max: 5 });
  return {
    ...database,
    async [Symbol.asyncDispose]() {
      await database[Symbol.asyncDispose]();
      await asAdmin(adminUrl, (client) => client.query(`DROP DATABASE ${name} WITH (FORCE)`));
    },
  };
}
