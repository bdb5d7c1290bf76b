/**
 * The loop of work on Duet: a small shop in a data folder of its own, the services restarted when their code changes,
 * and both web apps as `next dev` shows them.
 *
 *   npm run dev                   everything, on the ports that the configuration has
 *   npm run seed                  the data folder alone: a small shop with two trained models
 *   npm run dev -- --fresh        the data folder anew
 *   npm run dev -- --data-dir F   in another folder than data/dev
 */
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type Config, DuetError, loadConfig, repositoryRoot } from '@duet/base';
import { connect, startPostgres } from '@duet/db';
import { addressOf, environmentOf, portsOf, servicesOf } from '../start/apps.ts';
import { firstLogIn } from '../start/first-log-in.ts';
import { startOver } from '../start/fresh.ts';
import { requireFreePorts } from '../start/ports.ts';
import { requireAlone } from '../start/running.ts';
import type { ServiceSpec } from '../start/services.ts';
import { Steps } from '../start/steps.ts';
import { seed } from './seed.ts';
import { SideBySide } from './side-by-side.ts';

const apps = ['retrieval', 'worker', 'admin', 'storefront'] as const;

/** The same service as a start runs, following the sources. */
function watched(spec: ServiceSpec): ServiceSpec {
  const [program, ...args] = spec.args;
  if (args[0] === 'start') {
    return { ...spec, args: [program!, 'dev', ...args.slice(1)], env: { ...spec.env, NODE_ENV: 'development' } };
  }
  return { ...spec, args: ['--watch', '--watch-preserve-output', ...spec.args] };
}

async function answers(url: string, signal: AbortSignal): Promise<void> {
  for (; !signal.aborted; await pause(200)) {
    // A refused connection is a service that is not up yet.
    if (
      await fetch(url, { signal }).then(
        ({ ok }) => ok,
        () => false,
      )
    )
      return;
  }
}

async function dev(config: Config, databaseUrl: string, stop: AbortSignal): Promise<void> {
  await using running = new SideBySide();
  const services = servicesOf(config, apps, environmentOf(config, databaseUrl), { served: true }).map(watched);
  for (const service of services) running.start(service);
  await Promise.all(services.flatMap(({ healthUrl }) => (healthUrl === undefined ? [] : [answers(healthUrl, stop)])));
  if (!stop.aborted) {
    await using db = await connect(databaseUrl, { max: 1 });
    const logIn = (await firstLogIn(db, config, { isFirst: true })) ?? 'with your account';
    const at = (app: 'admin' | 'storefront' | 'retrieval') => addressOf(config, app);
    process.stdout.write(
      `\n  Admin       ${at('admin')}  (${logIn})\n  Storefront  ${at('storefront')}\n  Retrieval   ${at('retrieval')}\n\nCtrl-C stops everything.\n\n`,
    );
    await new Promise((resolve) => stop.addEventListener('abort', resolve, { once: true }));
  }
  process.stdout.write('Stopping …\n');
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { 'data-dir': { type: 'string' }, fresh: { type: 'boolean' } },
  });
  const folder = values['data-dir'] ?? process.env.DUET_DATA_DIR ?? path.join(repositoryRoot(), 'data/dev');
  const config = loadConfig({ ...process.env, DUET_DATA_DIR: path.resolve(folder) });
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort());
  requireAlone(config.dataDir);
  const seedOnly = positionals[0] === 'seed';
  if (!seedOnly) await requireFreePorts(config.host, portsOf(config, apps));
  if (values.fresh) await startOver(config, (line) => process.stderr.write(`${line}\n`));
  await using postgres = await startPostgres(config);
  await seed(config, postgres.url, new Steps());
  if (!seedOnly) await dev(config, postgres.url, stop.signal);
}

try {
  await main();
} catch (error) {
  if (!(error instanceof DuetError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
