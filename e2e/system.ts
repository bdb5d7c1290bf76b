import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { freePort, keptFolder } from '@duet/db/testing';

const duet = path.join(import.meta.dirname, '../apps/cli/bin/duet.mjs');
const example = ['import.json', 'interactions.csv.gz', 'items.csv.gz', 'users.csv.gz'];
/** One epoch of small towers is enough for what these tests claim. */
const light = ['layers=[64,32]', 'negatives=256', 'history=20'].flatMap((setting) => ['--set', setting]);
const quickly = ['--epochs', '1', ...light, '--no-avx2'];

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

/** Sets everything up in a data folder, proves that it starts, and stops it. */
async function startAndExit(dataDir: string, options: string[]): Promise<void> {
  const child = startDuet(dataDir, ['--exit', ...options]);
  child.stderr.pipe(process.stderr, { end: false });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`duet start --exit ended with code ${code}.`);
}

/**
 * A data folder as `duet start` leaves it on the real data: imported, trained, indexed. It is made once for the code
 * and the data that make it.
 */
async function fillFolder(dataDir: string): Promise<void> {
  const files = example.map((name) => `examples/online-retail/${name}`);
  const fixture = await keptFolder({ name: 'started', madeBy: '@duet/cli', files }, async (folder) => {
    const made = makeFolder();
    try {
      const without = ['admin', 'storefront', 'retrieval', 'worker'].map((app) => `--no-${app}`);
      const port = ['--postgres-port', String(await freePort())];
      await startAndExit(made, [...without, ...port]);
      copy(made, folder);
    } finally {
      rmSync(made, { recursive: true, force: true });
    }
  });
  copy(fixture, dataDir);
}

async function onFreePorts(names: string[]): Promise<{ ports: Record<string, number>; options: string[] }> {
  const pairs = await Promise.all(names.map(async (name) => [name, await freePort()] as const));
  return { ports: Object.fromEntries(pairs), options: pairs.flatMap(([name, port]) => [`--${name}-port`, `${port}`]) };
}
const services = ['admin', 'storefront', 'retrieval', 'postgres'];

/** Makes what a start takes long for the first time: the kept data folder, and the builds of admin and storefront. */
export async function prepareSystem(): Promise<void> {
  const dataDir = makeFolder();
  try {
    await fillFolder(dataDir);
    const { options } = await onFreePorts(services);
    await startAndExit(dataDir, options);
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
}

/** Runs everything on a data folder until it says that it is ready. Resolves to how to stop it. */
async function runOn(dataDir: string, options: string[]): Promise<() => Promise<void>> {
  const child = startDuet(dataDir, options);
  const ended = once(child, 'close');
  let output = '';
  const ready = await new Promise<boolean>((resolve) => {
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk;
      process.stderr.write(chunk);
      if (output.includes('Ctrl-C stops everything')) resolve(true);
    });
    ended.then(() => resolve(false));
  });
  if (!ready) throw new Error(`duet start ended before it was ready:\n${output.slice(-3000)}`);
  return async () => {
    child.kill('SIGTERM');
    await ended;
  };
}

/**
 * The whole system as a user starts it, on the real data, in a folder and on ports of its own. Returns how to stop it.
 */
export default async function startSystem(): Promise<() => Promise<void>> {
  const dataDir = makeFolder();
  const remove = () => rmSync(dataDir, { recursive: true, force: true });
  try {
    await fillFolder(dataDir);
    const { ports, options } = await onFreePorts(services);
    const stop = await runOn(dataDir, options);
    process.env.E2E_DATA_DIR = dataDir;
    for (const name of ['admin', 'storefront', 'retrieval']) {
      process.env[`E2E_${name.toUpperCase()}_URL`] = `http://127.0.0.1:${ports[name]}`;
    }
    return async () => {
      await stop();
      remove();
    };
  } catch (error) {
    remove();
    throw error;
  }
}
