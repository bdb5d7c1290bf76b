import path from 'node:path';
import { type Config, loadConfig, openDataFolder, readSecret } from '@duet/base';
import { connect, migrate } from '@duet/db';
import { type Answer, toJson } from '../answer.ts';
import type { Context } from '../context.ts';
import { type Demo, setUpDemo, updateDemo, wantsDemo } from '../demo/demo.ts';
import { ensureSecrets } from '../demo/keys.ts';
import type { Preparation } from '../demo/prepare.ts';
import { type AppName, addressOf, environmentOf, portsOf, servicesOf } from './apps.ts';
import { keepPostgres } from './database.ts';
import { buildAvx2InBackground } from './faiss-avx2.ts';
import { firstLogIn } from './first-log-in.ts';
import { startOver } from './fresh.ts';
import { serveHealth } from './health.ts';
import { keepLogsSmall } from './logs.ts';
import { report } from './outcome.ts';
import { requireFreePorts } from './ports.ts';
import { endOrphans, findRunning, forgetRunning, noteRunning, requireAlone } from './running.ts';
import { type ServiceSpec, Supervisor } from './services.ts';
import { Steps } from './steps.ts';
import { buildWebApp, isBuilt, type WebApp } from './web-builds.ts';

/** What `duet start` was asked on the command line. */
export interface StartOptions {
  json?: boolean;
  fresh?: boolean;
  exit?: boolean;
  host?: string;
  adminPort?: number;
  storefrontPort?: number;
  retrievalPort?: number;
  postgresPort?: number;
  /** Makes the demo, or does not; by itself it is made where there is no other dataset. */
  demo?: boolean;
  update?: boolean;
  preset?: string;
  set: Record<string, unknown>;
  epochs?: number;
  avx2: boolean;
  retrieval: boolean;
  worker: boolean;
  admin: boolean;
  storefront: boolean;
}

/** The settings, with the ports and the host that the options name. */
function configOf(context: Context, options: StartOptions): Config {
  const given = {
    DUET_HOST: options.host,
    DUET_ADMIN_PORT: options.adminPort,
    DUET_STOREFRONT_PORT: options.storefrontPort,
    DUET_RETRIEVAL_PORT: options.retrievalPort,
    DUET_POSTGRES_PORT: options.postgresPort,
  };
  const env: NodeJS.ProcessEnv = { ...process.env, DUET_DATA_DIR: context.config.dataDir };
  for (const [name, value] of Object.entries(given)) if (value !== undefined) env[name] = String(value);
  return loadConfig(env);
}

/**
 * `duet start`: everything from an empty folder to running services, doing only what is not done yet. What is there is
 * served first; a training that is asked for beside it comes afterwards. It tells its answer once all runs, and goes on
 * until it is stopped; with `--exit` it returns the answer instead.
 */
export async function start(context: Context, options: StartOptions): Promise<Answer | undefined> {
  const config = configOf(context, options);
  const { dataDir } = config;
  const apps = (['retrieval', 'worker', 'admin', 'storefront'] as const).filter((app) => options[app]);
  const steps = new Steps();
  const say = (line: string) => steps.say(line);
  const { signal } = context;

  requireAlone(dataDir);
  const orphans = await endOrphans(config);
  if (orphans.length > 0) say(`Stopped what an earlier start had left running: ${orphans.join(', ')}.`);
  await requireFreePorts(config.host, portsOf(config, apps));
  if (options.fresh) await startOver(config, say);
  openDataFolder(dataDir);

  // Closed from the last to the first: the services before the database, the database before its server.
  await using opened = new AsyncDisposableStack();
  noteRunning(dataDir);
  opened.defer(() => forgetRunning(dataDir));
  opened.defer(() => {
    if (signal.aborted) say('Stopped.');
  });
  const postgres = await steps.measure('PostgreSQL', async () => {
    const server = opened.use(await keepPostgres(config, { say }));
    const where = server.embedded ? `embedded, port ${new URL(server.url).port}` : 'at DATABASE_URL';
    return { value: server, worked: true, note: `${server.version}, ${where}` };
  });
  const db = opened.use(await connect(postgres.url));
  await steps.measure('migrations', async () => {
    const applied = await migrate(db);
    const { adoptOldFolders } = await import('@duet/datasets');
    await adoptOldFolders({ db, dataDir });
    return { value: undefined, worked: applied.length > 0, note: applied.join(', ') || undefined };
  });

  const isFirst = (await db.prisma.account.count()) === 0;
  const env = environmentOf(config, postgres.url);
  const set = options.epochs === undefined ? options.set : { ...options.set, epochs: options.epochs };
  const training = { preset: options.preset ?? 'fast', set };
  const work = { db, dataDir, steps, env, signal };
  const withDemo = await wantsDemo({ db }, options.demo);
  if (!withDemo && options.demo === undefined)
    say('There is a dataset of yours, so no demo is made (--demo makes it).');
  let demo: Demo | undefined;
  await preparing(
    work,
    async (preparation) => {
      if (withDemo) demo = await setUpDemo(preparation, training);
      await steps.measure('keys', async () => ({ value: undefined, worked: await ensureSecrets(work, config) }));
    },
    ({ job }) => buildInTurn(steps, apps, job),
  );

  const supervisor = opened.use(
    new Supervisor(config, { say, onChange: (services) => noteRunning(dataDir, services) }),
  );
  if (config.healthPort !== undefined) {
    const address = { host: config.host, port: config.healthPort };
    opened.use(await serveHealth(address, () => findRunning(dataDir)));
  }
  opened.use(keepLogsSmall(path.join(dataDir, 'logs'), postgres.log));
  await steps.measure('services', async () => {
    const served = (await db.prisma.index.count({ where: { active: true } })) > 0;
    await startServices(supervisor, servicesOf(config, apps, env, { served }), { options, say, signal });
    return { value: undefined, worked: true, note: apps.join(', ') };
  });
  // Asked for by name: a newer Duet's other defaults train nothing by themselves.
  const retrains = options.update || options.preset !== undefined || Object.keys(set).length > 0;
  if (withDemo && retrains) await preparing(work, (preparation) => updateDemo(preparation, training));

  steps.write(dataDir, supervisor.memory());
  const problems = apps.includes('retrieval') ? await problemsOf(config) : [];
  const logIn = await firstLogIn(db, config, { isFirst });
  const answer = report(config, { apps, demo, problems, steps, logIn });
  if (options.exit) return answer;
  process.stderr.write(`${answer.text}\n\nCtrl-C stops everything.\n`);
  if (options.json) process.stdout.write(`${toJson(answer.json)}\n`);
  if (options.avx2) buildAvx2InBackground(path.join(dataDir, 'logs'), signal, say);
  await aborted(signal);
  say('Stopping …');
  return undefined;
}

/**
 * Starts the services beside each other. One that does not come up is told and tried on, and the others serve; with
 * `--exit`, which is to prove that all of them start, it is an error.
 */
async function startServices(
  supervisor: Supervisor,
  services: ServiceSpec[],
  { options, say, signal }: { options: StartOptions; say: (line: string) => void; signal: AbortSignal },
): Promise<void> {
  const outcomes = await Promise.allSettled(services.map((service) => supervisor.start(service, signal)));
  signal.throwIfAborted();
  for (const outcome of outcomes) {
    if (outcome.status === 'fulfilled') continue;
    if (options.exit) throw outcome.reason;
    say(`✘ ${(outcome.reason as Error).message}`);
  }
}

/** What the retrieval service that just came up cannot serve, such as a model whose file is damaged. */
async function problemsOf(config: Config): Promise<string[]> {
  try {
    const answer = await fetch(`${addressOf(config, 'retrieval')}/health`, {
      headers: { authorization: `Bearer ${readSecret(config.dataDir, 'admin-api')}` },
      signal: AbortSignal.timeout(5000),
    });
    return ((await answer.json()) as { problems: string[] }).problems;
  } catch {
    return ['The retrieval service does not answer: its log says why, and npx duet status how it is.'];
  }
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });

/** Runs what may overlap under one set of bars; what fails ends the others, and its reason is the one that is told. */
function preparing(
  {
    db,
    dataDir,
    steps,
    env,
    signal,
  }: Pick<Preparation, 'db' | 'dataDir' | 'steps'> & { env: NodeJS.ProcessEnv; signal: AbortSignal },
  ...works: ((preparation: Preparation) => Promise<unknown>)[]
): Promise<void> {
  const failed = new AbortController();
  const within = AbortSignal.any([signal, failed.signal]);
  return steps.phase(async (progress) => {
    const job = { env, dataDir, progress, signal: within };
    const preparation: Preparation = { db, dataDir, steps, job, fail: (reason) => failed.abort(reason) };
    const watched = works.map((work) => work(preparation).catch(preparation.fail));
    await Promise.all(watched);
    within.throwIfAborted();
  });
}

async function buildInTurn(
  steps: Steps,
  apps: readonly AppName[],
  build: { env: NodeJS.ProcessEnv; dataDir: string; signal: AbortSignal },
): Promise<void> {
  for (const app of apps.filter((app): app is WebApp => app === 'admin' || app === 'storefront')) {
    await steps.measure(`build ${app}`, async () => {
      if (isBuilt(app)) return { value: undefined, worked: false };
      await buildWebApp(app, build);
      return { value: undefined, worked: true };
    });
  }
}
