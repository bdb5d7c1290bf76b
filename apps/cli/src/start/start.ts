import path from 'node:path';
import { type Config, type DuetError, formatSeconds, loadConfig, readSecret } from '@duet/base';
import { connect, type Model, migrate } from '@duet/db';
import { type Answer, comparison, toJson } from '../answer.ts';
import { metricsBySplit } from '../commands/models.ts';
import type { Context } from '../context.ts';
import { type AppName, addressOf, environmentOf, portsOf, servicesOf } from './apps.ts';
import { keepPostgres } from './database.ts';
import { buildAvx2InBackground } from './faiss-avx2.ts';
import { startOver } from './fresh.ts';
import { requireFreePorts } from './ports.ts';
import {
  adminPassword,
  demoExperiment,
  demoSplit,
  ensureBaseline,
  ensureDataset,
  ensureDemoExperiment,
  ensureIndex,
  ensureModel,
  ensureRanker,
  ensureSecrets,
  type Preparation,
} from './prepare.ts';
import { endOrphans, forgetRunning, noteRunning, requireAlone } from './running.ts';
import { Supervisor } from './services.ts';
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
  preset: string;
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
 * `duet start`: everything from an empty folder to running services, doing only what is not done yet. It tells its
 * answer once all runs, and goes on until it is stopped; with `--exit` it returns the answer instead.
 */
export async function start(context: Context, options: StartOptions): Promise<Answer | undefined> {
  const config = configOf(context, options);
  const { dataDir } = config;
  const apps = (['retrieval', 'worker', 'admin', 'storefront'] as const).filter((app) => options[app]);
  const steps = new Steps();
  const stop = new AbortController();
  context.signal.addEventListener('abort', () => stop.abort(context.signal.reason), { once: true });
  const { signal } = stop;

  requireAlone(dataDir);
  const orphans = await endOrphans(config);
  if (orphans.length > 0) steps.say(`Stopped what an earlier start had left running: ${orphans.join(', ')}.`);
  await requireFreePorts(config.host, portsOf(config, apps));
  if (options.fresh) await startOver(config, (line) => steps.say(line));

  const supervision = {
    say: (line: string) => steps.say(line),
    onHopeless: (error: DuetError) => stop.abort(error),
  };
  // Closed from the last to the first: the services before the database, the database before its server.
  await using opened = new AsyncDisposableStack();
  noteRunning(dataDir);
  opened.defer(() => forgetRunning(dataDir));
  opened.defer(() => {
    if (signal.aborted) steps.say('Stopped.');
  });
  const postgres = await steps.measure('PostgreSQL', async () => {
    const server = opened.use(await keepPostgres(config, supervision));
    const where = server.embedded ? `embedded, port ${new URL(server.url).port}` : 'at DATABASE_URL';
    return { value: server, worked: true, note: `${server.version}, ${where}` };
  });
  const db = opened.use(await connect(postgres.url));
  await steps.measure('migrations', async () => {
    const applied = await migrate(db);
    return { value: undefined, worked: applied.length > 0, note: applied.join(', ') || undefined };
  });

  const newPassword = config.adminPassword === undefined && readSecret(dataDir, adminPassword) === undefined;
  const env = environmentOf(config, postgres.url);
  const { models, experiment } = await prepare({ config, db, dataDir, steps, env, signal, apps, options });

  const supervisor = opened.use(
    new Supervisor(config, { ...supervision, onChange: (pids) => noteRunning(dataDir, pids) }),
  );
  await steps.measure('services', async () => {
    await Promise.all(servicesOf(config, apps, env).map((service) => supervisor.start(service, signal)));
    return { value: undefined, worked: true, note: apps.join(', ') };
  });
  steps.write(dataDir, supervisor.memory());
  const problems = apps.includes('retrieval') ? await problemsOf(config) : [];
  const answer = report(config, { apps, models, experiment, problems, steps, newPassword });
  if (options.exit) return answer;
  process.stderr.write(`${answer.text}\n\nCtrl-C stops everything.\n`);
  if (options.json) process.stdout.write(`${toJson(answer.json)}\n`);
  if (options.avx2) buildAvx2InBackground(path.join(dataDir, 'logs'), signal, (line) => steps.say(line));
  await aborted(signal);
  // Asked to stop is an orderly end; a service that cannot be kept alive is not.
  if (signal.reason !== context.signal.reason) throw signal.reason;
  steps.say('Stopping …');
  return undefined;
}

/** What the retrieval service that just came up cannot serve, such as a model whose file is damaged. */
async function problemsOf(config: Config): Promise<string[]> {
  const answer = await fetch(`${addressOf(config, 'retrieval')}/health`);
  return ((await answer.json()) as { problems: string[] }).problems;
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });

interface Wanted extends Omit<Preparation, 'job'> {
  config: Config;
  env: NodeJS.ProcessEnv;
  signal: AbortSignal;
  apps: readonly AppName[];
  options: StartOptions;
}

/** Data, models, indexes, ranker, experiment and the apps' builds; what does not depend on each other overlaps. */
async function prepare({ config, db, dataDir, steps, env, signal, apps, options }: Wanted) {
  const failed = new AbortController();
  const within = AbortSignal.any([signal, failed.signal]);
  /** One that fails takes the others along, and its reason is the one that is told. */
  const together = async <T>(work: Promise<T>): Promise<T> =>
    work.catch((error) => {
      failed.abort(error);
      throw error;
    });
  const set = options.epochs === undefined ? options.set : { ...options.set, epochs: options.epochs };
  const webApps = apps.filter((app): app is WebApp => app === 'admin' || app === 'storefront');

  return steps.phase(async (progress) => {
    const preparation: Preparation = { db, dataDir, steps, job: { env, dataDir, progress, signal: within } };
    const data = async () => {
      const dataset = await ensureDataset(preparation);
      const modelled = async (kind: string) => {
        const model = await ensureModel(preparation, dataset, kind, { preset: options.preset, set });
        await ensureIndex(preparation, model);
        return model;
      };
      // Two processes at a time: as many as the smallest machine has cores.
      const [dat, twoTower, itemKnn, popularity] = await twoAtATime([
        () => together(modelled('dat')),
        () => together(modelled('two-tower')),
        () => together(ensureBaseline(preparation, dataset, 'item-knn')),
        () => together(ensureBaseline(preparation, dataset, 'popularity')),
      ]);
      const rankerId = await ensureRanker(preparation, dataset, [twoTower!, dat!]);
      await ensureSecrets(preparation, config);
      const arms = { control: twoTower!, treatment: dat! };
      const status = await ensureDemoExperiment(preparation, dataset, arms, rankerId);
      return { models: [popularity!, itemKnn!, twoTower!, dat!], experiment: { name: demoExperiment, status } };
    };
    const builds = buildInTurn(steps, webApps, { env, dataDir, signal: within });
    const [prepared] = await Promise.allSettled([together(data()), together(builds)]);
    within.throwIfAborted();
    return (prepared as PromiseFulfilledResult<Awaited<ReturnType<typeof data>>>).value;
  });
}

async function buildInTurn(
  steps: Steps,
  apps: readonly WebApp[],
  build: { env: NodeJS.ProcessEnv; dataDir: string; signal: AbortSignal },
): Promise<void> {
  for (const app of apps) {
    await steps.measure(`build ${app}`, async () => {
      if (isBuilt(app)) return { value: undefined, worked: false };
      await buildWebApp(app, build);
      return { value: undefined, worked: true };
    });
  }
}

/** Runs the jobs in order, two at a time, and lets none go on unattended when another fails. */
async function twoAtATime<T>(jobs: readonly (() => Promise<T>)[]): Promise<T[]> {
  const results: T[] = [];
  const queue = [...jobs.entries()];
  const lane = async (): Promise<void> => {
    for (let entry = queue.shift(); entry !== undefined; entry = queue.shift()) results[entry[0]] = await entry[1]();
  };
  for (const outcome of await Promise.allSettled([lane(), lane()])) {
    if (outcome.status === 'rejected') throw outcome.reason;
  }
  return results;
}

interface Outcome {
  /** Whether this start made the admin's password, which is then shown this once. */
  newPassword: boolean;
  apps: readonly AppName[];
  models: readonly Model[];
  experiment: { name: string; status: string };
  /** What does not work although everything runs. */
  problems: readonly string[];
  steps: Steps;
}

/** What a start says at its end. */
function report(config: Config, { apps, models, experiment, problems, steps, newPassword }: Outcome): Answer {
  const compared = models.map(({ name, metrics }) => ({ name, metrics: metricsBySplit(metrics)[demoSplit] ?? {} }));
  const titles = { admin: 'Admin', storefront: 'Storefront', retrieval: 'Retrieval' } as const;
  const addresses = (['admin', 'storefront', 'retrieval'] as const)
    .filter((app) => apps.includes(app))
    .map((app) => [titles[app], addressOf(config, app)] as const);
  const kept = path.join(config.dataDir, `keys/${adminPassword}.key`);
  const password =
    config.adminPassword !== undefined
      ? 'as DUET_ADMIN_PASSWORD says'
      : newPassword
        ? `${readSecret(config.dataDir, adminPassword)} (kept in ${kept})`
        : `in ${kept}`;
  const lines = [
    `\nThe models, on ${demoSplit} of online-retail (new items only):\n`,
    comparison(compared),
    `\n${steps.summary()}`,
    `\nReady in ${formatSeconds(steps.total())}. The experiment ${experiment.name} is ${experiment.status}.\n`,
    ...addresses.map(([title, address]) => `  ${title.padEnd(11)} ${address}`),
    ...(apps.includes('retrieval') ? [`  ${'try it'.padEnd(11)} npx duet simulate: a week of simulated shoppers`] : []),
    ...(apps.includes('admin') ? [`  ${'password'.padEnd(11)} ${password}`] : []),
    `  ${'logs'.padEnd(11)} ${path.join(config.dataDir, 'logs')}`,
    ...(problems.length > 0 ? ['\nNot everything can be served:', ...problems.map((problem) => `  ✘ ${problem}`)] : []),
  ];
  return {
    json: {
      addresses: Object.fromEntries(addresses.map(([title, address]) => [title.toLowerCase(), address])),
      experiment,
      split: demoSplit,
      models: compared,
      problems,
      steps: steps.records,
      totalSeconds: steps.total(),
    },
    text: lines.join('\n'),
  };
}
