import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createWriteStream, existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { DuetError, endGroup, repositoryRoot } from '@duet/base';

export type WebApp = 'admin' | 'storefront';

export const appFolder = (app: string): string => path.join(repositoryRoot(), 'apps', app);

/** Next's command line, as the app itself would find it. */
const nextProgram = (app: WebApp): string =>
  createRequire(path.join(appFolder(app), 'package.json')).resolve('next/dist/bin/next');

/** SHA-256 over everything that a build is made of: the app's files, the packages it imports, the locked versions. */
function sourcesOf(app: WebApp): string {
  const root = repositoryRoot();
  const files = globSync([`apps/${app}/**/*`, 'packages/*/src/**/*', 'package-lock.json', 'prisma/schema.prisma'], {
    cwd: root,
    withFileTypes: true,
    exclude: (entry) => ['node_modules', '.next', '.turbo', 'generated'].includes(entry.name),
  });
  const names = files
    .filter((entry) => entry.isFile() && !/\.test\.tsx?$|next-env\.d\.ts$|\.tsbuildinfo$/.test(entry.name))
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
  const hash = createHash('sha256');
  for (const name of names) hash.update(`${path.relative(root, name)}\n`).update(readFileSync(name));
  return hash.digest('hex');
}

const stampOf = (app: WebApp): string => path.join(appFolder(app), '.next', 'duet-sources');

export const isBuilt = (app: WebApp): boolean =>
  existsSync(path.join(appFolder(app), '.next', 'BUILD_ID')) &&
  existsSync(stampOf(app)) &&
  readFileSync(stampOf(app), 'utf8') === sourcesOf(app);

interface BuildContext {
  env: NodeJS.ProcessEnv;
  dataDir: string;
  signal: AbortSignal;
}

/** What Next says, and how it ends, while another process builds the same app. */
const isBuildingElsewhere = /another next build process is already running/i;
/** How long another process's build is waited for. */
const patienceMs = 300_000;

/**
 * Brings an app's build up to date. Where another process builds it at this moment, that is waited for.
 *
 * @throws DuetError `internal` naming the log
 */
export async function buildWebApp(app: WebApp, context: BuildContext): Promise<void> {
  const log = path.join(context.dataDir, 'logs', `build-${app}.log`);
  mkdirSync(path.dirname(log), { recursive: true });
  for (const since = Date.now(); !isBuilt(app); await pause(1000, undefined, { signal: context.signal })) {
    const sources = sourcesOf(app);
    if ((await runNextBuild(app, log, context)) === 0) {
      writeFileSync(stampOf(app), sources);
      return;
    }
    const logText = readFileSync(log, 'utf8').trim();
    if (isBuildingElsewhere.test(logText) && Date.now() - since < patienceMs) continue;
    const tail = logText.split('\n').slice(-12).join('\n');
    throw new DuetError('internal', `next build of the ${app} failed. ${log} says why:\n${tail}`);
  }
}

/** Runs `next build` at low priority, for it shares the machine with training. Resolves to its exit code. */
async function runNextBuild(app: WebApp, log: string, { env, signal }: BuildContext): Promise<number> {
  signal.throwIfAborted();
  const child = spawn(process.execPath, [nextProgram(app), 'build'], {
    cwd: appFolder(app),
    env: { ...env, NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  if (child.pid !== undefined) os.setPriority(child.pid, os.constants.priority.PRIORITY_BELOW_NORMAL);
  const file = createWriteStream(log);
  child.stdout.pipe(file, { end: false });
  child.stderr.pipe(file, { end: false });
  // A build has workers of its own, so the whole group is told.
  const stop = () => {
    if (child.pid !== undefined) endGroup(child.pid);
  };
  signal.addEventListener('abort', stop, { once: true });
  process.once('exit', stop);
  const code = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => resolve(status ?? 1));
  });
  signal.removeEventListener('abort', stop);
  process.removeListener('exit', stop);
  await new Promise<void>((resolve) => file.end(resolve));
  signal.throwIfAborted();
  return code;
}
