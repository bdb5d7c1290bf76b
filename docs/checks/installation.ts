import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { cutExample } from '@duet/datasets/testing';
import { type ApiScope, createApiKey } from '@duet/db';
import { createTestDatabase, type Fixture, freePort, loadFixture, type Place } from '@duet/db/testing';
import { root } from './pages.ts';

/** Where a reader types: a folder with `orders.csv.gz` and `products.csv` in it, and Duet's commands on the path. */
interface Shell extends AsyncDisposable {
  folder: string;
  env: NodeJS.ProcessEnv;
  /**
   * Runs a program there. `npx duet` is this checkout's.
   *
   * @throws Error with all that it printed, where it fails
   */
  run(program: string, args: readonly string[], options?: { cwd?: string }): Promise<string>;
}

/**
 * What a reader has before them after `npm start`, small: the demo's data, models, indexes, ranker, experiment,
 * service.
 */
export interface Installation extends Shell {
  /** The text with the service's address in the place of the documents'. */
  addressed(text: string): string;
}

/** Every 25th customer of the example shop, among them 17850, of whom the documents speak. */
const isSampled = (userId: number): boolean => userId % 25 === 0;

/** `npx duet` of this checkout, for a shell in any folder. It trains for one quick epoch, whatever is said. */
async function writeNpx(folder: string): Promise<void> {
  const main = path.join(root, 'apps/cli/src/main.ts');
  const script = `#!/bin/sh
[ "$1" = duet ] || { echo "npx $1 is not Duet's." >&2; exit 1; }
shift
[ "$1" != train ] || set -- "$@" --preset fast --set epochs=1
case "$*" in *--from*) ;; 'models register '*) set -- "$@" --preset fast --set epochs=1 ;; esac
exec '${process.execPath}' '${main}' "$@"
`;
  await mkdir(folder);
  await writeFile(path.join(folder, 'npx'), script);
  await chmod(path.join(folder, 'npx'), 0o755);
}

async function openShell({ db, dataDir }: Place, settings: NodeJS.ProcessEnv = {}): Promise<Shell> {
  const home = await mkdtemp(path.join(tmpdir(), 'duet-docs-'));
  const folder = path.join(home, 'reader');
  const bin = path.join(home, 'bin');
  await Promise.all([mkdir(folder), writeNpx(bin)]);
  await cutExample(folder, isSampled);
  const env: NodeJS.ProcessEnv = {
    NODE_COMPILE_CACHE: path.join(home, 'compiled'),
    ...process.env,
    NODE_TEST_CONTEXT: undefined,
    PATH: [bin, path.dirname(process.execPath), process.env.PATH].join(path.delimiter),
    DATABASE_URL: db.url,
    DUET_DATA_DIR: dataDir,
    DUET_LOG_LEVEL: 'error',
    ...settings,
  };
  return {
    folder,
    env,
    async run(program, args, { cwd = folder } = {}) {
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
    },
    [Symbol.asyncDispose]: () => rm(home, { recursive: true, force: true }),
  };
}

/** The demo, by the commands that a reader would type. */
const demo: Fixture<void> = {
  name: 'docs-demo',
  madeBy: '@duet/cli',
  files: [
    'docs/checks/installation.ts',
    ...['interactions', 'items', 'users'].map((name) => `examples/online-retail/${name}.csv.gz`),
  ],
  async make(place) {
    await using shell = await openShell(place);
    const script = `
      npx duet import --name online-retail --interactions orders.csv.gz --items products.csv --users customers.csv --currency GBP
      for kind in two-tower dat; do
        npx duet train --dataset online-retail --model $kind --split time:0.8
        npx duet index --model $kind
        npx duet models register --dataset online-retail --name $kind --from $kind
      done
      npx duet train-ranker --dataset online-retail --model two-tower --model dat
      npx duet experiment create --name dat-vs-two-tower --dataset online-retail --arm two-tower=two-tower --arm dat=dat
      npx duet experiment start --experiment dat-vs-two-tower`;
    await shell.run('bash', ['-euo', 'pipefail', '-c', script]);
  },
};

async function startService(env: NodeJS.ProcessEnv): Promise<AsyncDisposable> {
  const main = path.join(root, 'apps/retrieval/src/main.ts');
  const service = fork(main, { env, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const ended = once(service, 'exit').then(([code]) => {
    throw new Error(`The retrieval service ended with ${code} before it was ready.`);
  });
  await Promise.race([once(service, 'message'), ended]);
  ended.catch(() => {});
  return {
    async [Symbol.asyncDispose]() {
      const exit = once(service, 'exit');
      service.kill('SIGKILL');
      await exit;
    },
  };
}

/** Makes the installation, with a database, a data folder and a port of its own. */
export async function openInstallation(): Promise<Installation> {
  await using opened = new AsyncDisposableStack();
  const db = opened.use(await createTestDatabase());
  const dataDir = await mkdtemp(path.join(tmpdir(), 'duet-docs-data-'));
  opened.defer(() => rm(dataDir, { recursive: true, force: true }));
  await loadFixture({ db, dataDir }, demo);
  // As `duet start` makes the example shop's key.
  const { id: datasetId } = await db.prisma.dataset.findUniqueOrThrow({ where: { name: 'online-retail' } });
  const scopes: ApiScope[] = ['retrieve', 'customers', 'events', 'orders'];
  const { key } = await createApiKey(db, { name: 'reader', datasetId, scopes });
  const port = await freePort();
  const shell = opened.use(await openShell({ db, dataDir }, { DUET_RETRIEVAL_PORT: String(port), DUET_API_KEY: key }));
  opened.use(await startService(shell.env));
  const all = opened.move();
  return {
    ...shell,
    addressed: (text) => text.replaceAll('127.0.0.1:4300', `127.0.0.1:${port}`),
    [Symbol.asyncDispose]: () => all[Symbol.asyncDispose](),
  };
}
