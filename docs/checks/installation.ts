import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { createApiKey } from '@duet/db';
import { createTestDatabase, freePort } from '@duet/db/testing';
import { root } from './pages.ts';

/** What a reader has before them after `npm start`, small: the demo's data, models, index, ranker, experiment, service. */
export interface Installation extends AsyncDisposable {
  /** The folder where a reader types, with `orders.csv.gz` and `products.csv` in it. */
  folder: string;
  /**
   * Runs a program there as a reader would: `npx duet` is this checkout's, and the addresses of the service in the text are its own.
   *
   * @throws Error with all that it printed, where it fails
   */
  run(program: string, args: readonly string[], options?: { cwd?: string }): Promise<string>;
  /** The text with the service's address in the place of the documents'. */
  addressed(text: string): string;
}

const example = path.join(root, 'examples/online-retail');
const unzipped = async (file: string): Promise<string> =>
  gunzipSync(await readFile(path.join(example, file))).toString();

/** Every 25th customer of the example shop, among them 17850, of whom the documents speak. */
const kept = (userId: string): boolean => Number(userId) % 25 === 0;

async function cutExample(folder: string): Promise<void> {
  const [log, items, users] = await Promise.all(
    ['interactions', 'items', 'users'].map((name) => unzipped(`${name}.csv.gz`)),
  );
  const rowsOf = (text: string, keep: (row: string) => boolean) =>
    text.split('\n').filter((row, at) => at === 0 || keep(row));
  const first = (row: string) => row.slice(0, row.indexOf(','));
  const orders = rowsOf(log!, (row) => kept(first(row)));
  const bought = new Set(orders.map((row) => row.split(',')[1]));
  await Promise.all([
    writeFile(path.join(folder, 'orders.csv.gz'), gzipSync(orders.join('\n'), { level: 1 })),
    writeFile(path.join(folder, 'products.csv'), rowsOf(items!, (row) => bought.has(first(row))).join('\n')),
    writeFile(path.join(folder, 'customers.csv'), rowsOf(users!, (row) => kept(first(row))).join('\n')),
  ]);
}

/** `npx duet` of this checkout, for a shell in any folder. It trains for one epoch, whatever the preset says. */
async function writeNpx(folder: string): Promise<void> {
  const main = path.join(root, 'apps/cli/src/main.ts');
  const script = `#!/bin/sh
[ "$1" = duet ] || { echo "npx $1 is not Duet's." >&2; exit 1; }
shift
[ "$1" != train ] || set -- "$@" --set epochs=1
exec '${process.execPath}' '${main}' "$@"
`;
  await mkdir(folder);
  await writeFile(path.join(folder, 'npx'), script);
  await chmod(path.join(folder, 'npx'), 0o755);
}

/** The demo, by the commands that a reader would type. */
const demo = `
npx duet import --name online-retail --interactions orders.csv.gz --items products.csv --users customers.csv --currency GBP
for kind in two-tower dat; do
  npx duet train --dataset online-retail --model $kind --split time:0.8
  npx duet index --model $kind
done
npx duet train-ranker --dataset online-retail --model two-tower --model dat
npx duet experiment create --name dat-vs-two-tower --dataset online-retail --arm two-tower=two-tower --arm dat=dat
npx duet experiment start --experiment dat-vs-two-tower
`;

async function startService(env: NodeJS.ProcessEnv): Promise<ChildProcess> {
  const service = fork(path.join(root, 'apps/retrieval/src/main.ts'), {
    env,
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const ended = once(service, 'exit').then(([code]) => {
    throw new Error(`The retrieval service ended with ${code} before it was ready.`);
  });
  await Promise.race([once(service, 'message'), ended]);
  ended.catch(() => {});
  return service;
}

/** Makes the installation, with a database, a data folder and a port of its own. */
export async function openInstallation(): Promise<Installation> {
  await using opened = new AsyncDisposableStack();
  const home = await mkdtemp(path.join(tmpdir(), 'duet-docs-'));
  opened.defer(() => rm(home, { recursive: true, force: true }));
  const folder = path.join(home, 'reader');
  const bin = path.join(home, 'bin');
  await Promise.all([mkdir(folder), writeNpx(bin)]);
  await cutExample(folder);
  const db = opened.use(await createTestDatabase());
  const { key } = await createApiKey(db, { name: 'reader', scopes: ['retrieve', 'customers', 'events', 'orders'] });
  const port = await freePort();
  const env: NodeJS.ProcessEnv = {
    NODE_COMPILE_CACHE: path.join(home, 'compiled'),
    ...process.env,
    NODE_TEST_CONTEXT: undefined,
    PATH: [bin, path.dirname(process.execPath), process.env.PATH].join(path.delimiter),
    DATABASE_URL: db.url,
    DUET_DATA_DIR: path.join(home, 'data'),
    DUET_RETRIEVAL_PORT: String(port),
    DUET_LOG_LEVEL: 'error',
    DUET_API_KEY: key,
  };
  const run: Installation['run'] = async (program, args, { cwd = folder } = {}) => {
    const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], timeout: 180_000 });
    let printed = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        printed += text;
      });
    }
    const [code, signal] = await once(child, 'close');
    if (code !== 0) throw new Error(`It ended with ${code ?? signal}.\n${printed}`);
    return printed;
  };
  await run('bash', ['-euo', 'pipefail', '-c', demo]);
  const service = await startService(env);
  opened.defer(async () => {
    const ended = once(service, 'exit');
    service.kill('SIGKILL');
    await ended;
  });
  const kept = opened.move();
  return {
    folder,
    run,
    addressed: (text) => text.replaceAll('127.0.0.1:4300', `127.0.0.1:${port}`),
    [Symbol.asyncDispose]: () => kept[Symbol.asyncDispose](),
  };
}
