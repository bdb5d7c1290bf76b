import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { freePort, keptFolder } from '@duet/db/testing';

const duet = path.join(import.meta.dirname, '../apps/cli/bin/duet.mjs');
const example = ['import.json', 'interactions.csv.gz', 'items.csv.gz', 'users.csv.gz'];
/** One epoch of training is enough for what these tests claim. */
const quickly = ['--epochs', '1', '--no-avx2'];

/** A data folder that goes with the tests. The database's own user has to enter it. */
function makeFolder(): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'duet-e2e-'));
  chmodSync(folder, 0o755);
  return folder;
}

/** Copies a data folder with the owners of its files: the database's belong to the database's user. */
function copy(from: string, to: string): void {
  if (process.platform === 'win32') cpSync(from, to, { recursive: true });
  else execFileSync('cp', ['-a', `${from}/.`, to]);
}

const startDuet = (dataDir: string, args: string[]) =>
  spawn(process.execPath, [duet, 'start', '--data-dir', dataDir, ...quickly, ...args], {
    stdio: ['ignore', 'inherit', 'pipe'],
    env: { ...process.env, DATABASE_URL: '' },
  });

/**
 * A data folder as `duet start` leaves it on the real data: imported, trained, indexed. It is made once for the code and
 * the data that make it.
 */
async function fillFolder(dataDir: string): Promise<void> {
  const files = example.map((name) => `examples/online-retail/${name}`);
  const kept = await keptFolder({ name: 'started', madeBy: '@duet/cli', files }, async (folder) => {
    const made = makeFolder();
    try {
      const without = ['admin', 'storefront', 'retrieval', 'worker'].map((app) => `--no-${app}`);
      const port = ['--postgres-port', String(await freePort())];
      const child = startDuet(made, ['--exit', ...without, ...port]);
      child.stderr.pipe(process.stderr, { end: false });
      const [code] = await once(child, 'close');
      if (code !== 0) throw new Error(`duet start --exit ended with code ${code}.`);
      copy(made, folder);
    } finally {
      rmSync(made, { recursive: true, force: true });
    }
  });
  copy(kept, dataDir);
}

/** Runs everything on a data folder until it says that it is ready. Resolves to how to stop it. */
async function runOn(dataDir: string, options: string[]): Promise<() => Promise<void>> {
  const child = startDuet(dataDir, options);
  const ended = once(child, 'close');
  let said = '';
  const ready = await new Promise<boolean>((resolve) => {
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      said += chunk;
      process.stderr.write(chunk);
      if (said.includes('Ctrl-C stops everything')) resolve(true);
    });
    ended.then(() => resolve(false));
  });
  if (!ready) throw new Error(`duet start ended before it was ready:\n${said.slice(-3000)}`);
  return async () => {
    child.kill('SIGTERM');
    await ended;
  };
}

/** The whole system as a user starts it, on the real data, in a folder and on ports of its own. Returns how to stop it. */
export default async function startSystem(): Promise<() => Promise<void>> {
  const dataDir = makeFolder();
  const remove = () => rmSync(dataDir, { recursive: true, force: true });
  try {
    await fillFolder(dataDir);
    const [admin, storefront, retrieval, postgres] = await Promise.all(Array.from({ length: 4 }, freePort));
    const ports = { admin, storefront, retrieval, postgres };
    const options = Object.entries(ports).flatMap(([name, port]) => [`--${name}-port`, String(port)]);
    const stop = await runOn(dataDir, options);
    process.env.E2E_DATA_DIR = dataDir;
    process.env.E2E_ADMIN_URL = `http://127.0.0.1:${admin}`;
    process.env.E2E_STOREFRONT_URL = `http://127.0.0.1:${storefront}`;
    process.env.E2E_RETRIEVAL_URL = `http://127.0.0.1:${retrieval}`;
    return async () => {
      await stop();
      remove();
    };
  } catch (error) {
    remove();
    throw error;
  }
}
