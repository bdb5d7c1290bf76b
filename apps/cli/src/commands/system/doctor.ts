import { existsSync, statfsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type Config, repositoryRoot, secretSettings, settings } from '@duet/base';
import type { Command } from 'commander';
import { table } from '../../answer.ts';
import { job } from '../../context.ts';
import { findRunning, stateOf } from '../../start/running.ts';
import { isBuilt } from '../../start/web-builds.ts';

/** One thing that Duet uses: whether it is there, what was found, and how to get it where it is missing. */
interface Finding {
  name: string;
  ok: boolean;
  /** Without it something else does the work. */
  optional: boolean;
  found: string;
  fix: string;
}

/** Every setting with where its value comes from; a secret's value is never shown. */
const settingsInForce = (config: Config) =>
  settings.map(({ key, env, meaning }) => ({
    variable: env,
    value: secretSettings.has(key) ? (config[key] === undefined ? '' : '(set)') : String(config[key] ?? ''),
    from: process.env[env] ? 'environment' : 'default',
    meaning,
  }));

async function attempt(name: string, optional: boolean, fix: string, look: () => Promise<string>): Promise<Finding> {
  try {
    return { name, ok: true, optional, found: await look(), fix: '' };
  } catch (error) {
    return { name, ok: false, optional, found: (error as Error).message, fix };
  }
}

/** What the last health checks of all datasets found. @throws Error with those that fail */
async function healthOf(config: Config): Promise<string> {
  const { connect, startPostgres } = await import('@duet/db');
  await using server = await startPostgres(config);
  await using db = await connect(server.url, { max: 1 });
  const include = { dataset: { select: { name: true } } } as const;
  const checks = await db.prisma.healthCheck.findMany({ include, orderBy: { name: 'asc' } });
  const failed = checks.filter(({ state }) => state === 'fail');
  if (failed.length === 0) return `${checks.length} health checks, none of which fails`;
  throw new Error(
    failed.map(({ dataset, name, sentence, remedy }) => `${dataset.name}, ${name}: ${sentence} ${remedy}`).join(' '),
  );
}

async function findings(config: Config): Promise<Finding[]> {
  const [{ startPostgres }, { openExecutor }, { openTfjs }, { annEngines }] = await Promise.all([
    import('@duet/db'),
    import('@duet/artifact'),
    import('@duet/models'),
    import('@duet/ann'),
  ]);
  const free = (): string => {
    const { bavail, bsize } = statfsSync(existsSync(config.dataDir) ? config.dataDir : repositoryRoot());
    return `${((Number(bavail) * Number(bsize)) / 2 ** 30).toFixed(1)} GiB free at ${config.dataDir}`;
  };
  const engines = await annEngines();
  return [
    {
      name: 'Node',
      ok: Number.parseInt(process.versions.node, 10) >= 24,
      optional: false,
      found: `${process.versions.node} on ${process.platform} ${process.arch}, ${os.availableParallelism()} cores`,
      fix: 'npm ci installs Node 24 on Linux and Windows; elsewhere install it.',
    },
    await attempt('data folder', false, 'Choose another with DUET_DATA_DIR.', async () => free()),
    await attempt('PostgreSQL', false, 'npm ci installs the embedded one; or set DATABASE_URL.', async () => {
      await using server = await startPostgres(config);
      return `${server.version}, ${server.embedded ? 'embedded' : 'at DATABASE_URL'}`;
    }),
    await attempt('datasets', true, 'Do what each says; npx duet health --dataset NAME looks again.', () =>
      healthOf(config),
    ),
    await attempt('training executor', false, 'Run npm ci.', async () => {
      const executor = await openExecutor(config);
      return `${executor.name}: ${executor.reason}`;
    }),
    await attempt(
      'TensorFlow.js',
      true,
      'npm rebuild @tensorflow/tfjs-node --ignore-scripts=false, where its download can be reached.',
      async () => (await openTfjs()).reason,
    ),
    ...engines.map(({ engine, works, reason, how }) => ({
      name: `ANN engine ${engine}`,
      ok: works,
      optional: engine !== 'exact',
      found: reason,
      fix: works ? '' : how,
    })),
    ...(['admin', 'storefront'] as const).map((app) => ({
      name: `${app} build`,
      ok: isBuilt(app),
      optional: true,
      found: isBuilt(app) ? 'current' : 'missing or older than its sources',
      fix: isBuilt(app) ? '' : 'duet start builds it.',
    })),
    {
      name: 'Chromium',
      ok: existsSync('/usr/bin/chromium'),
      optional: true,
      found: existsSync('/usr/bin/chromium') ? '/usr/bin/chromium' : 'not at /usr/bin/chromium; only npm test needs it',
      fix: 'apt-get install chromium',
    },
  ];
}

export function doctorCommand(program: Command): void {
  const command = program
    .command('doctor')
    .description('what is installed, which engines run, what is missing and how to get it, and every setting');
  job(command, 'doctor', async ({ config }) => {
    const found = await findings(config);
    const running = findRunning(config.dataDir);
    const inForce = settingsInForce(config);
    const best = found.find(({ name, ok }) => name.startsWith('ANN engine') && ok)?.name.slice('ANN engine '.length);
    const working = found.every(({ ok, optional }) => ok || optional);
    const state = (finding: Finding) => (finding.ok ? '✔' : finding.optional ? '–' : '✘');
    const missing = found.filter(({ ok }) => !ok).map(({ name, fix }) => `  ${name}: ${fix}`);
    return {
      json: {
        ok: working,
        annEngine: best,
        running: running?.supervisor.pid ?? null,
        state: stateOf(running),
        findings: found,
        settings: inForce,
      },
      text: [
        table(
          ['', 'what', 'found'],
          found.map((finding) => [state(finding), finding.name, finding.found]),
        ),
        missing.length === 0 ? '' : `\nNot there, and how to get it:\n${missing.join('\n')}`,
        `\nSettings, from ${path.basename(repositoryRoot())}'s environment:\n`,
        table(
          ['variable', 'value', 'from', 'meaning'],
          inForce.map((row) => [row.variable, row.value, row.from, row.meaning]),
        ),
        `\n${working ? 'Duet can run here' : 'Duet cannot run here yet'}${best ? `; indexes are searched by ${best}` : ''}. ${running ? `It runs now (process ${running.supervisor.pid})${stateOf(running) === 'degraded' ? ', degraded: npx duet status' : ''}.` : 'It does not run now.'}`,
      ].join('\n'),
    };
  });
}
