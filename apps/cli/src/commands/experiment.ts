import { DuetError } from '@duet/base';
import type { Database } from '@duet/db';
import type { ExperimentPatch } from '@duet/experiments';
import { type Command, InvalidArgumentError } from 'commander';
import { percent, table } from '../answer.ts';
import { actor, job } from '../context.ts';
import { findDataset, findModel } from '../find.ts';
import { describeExperiment } from './experiment-text.ts';
import { readSetting } from './train.ts';

function readNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('It must be a number.');
  return value;
}

const collect = (text: string, before: string[]): string[] => [...before, text];

/** `key=value` split at the first sign. */
function pair(text: string, what: string): [string, string] {
  const at = text.indexOf('=');
  if (at < 1) throw new DuetError('bad-input', `"${text}" is no ${what}.`);
  return [text.slice(0, at), text.slice(at + 1)];
}

interface PlanOptions {
  arm: string[];
  traffic?: number;
  metric?: string;
  layer?: string;
  design?: 'ab' | 'interleaving';
  ranker?: string;
  days?: number;
  guardrail: string[];
  target: string[];
  override: string[];
  hypothesis?: string;
  set: Record<string, unknown>;
}

/** The options by which a plan is said, for a new experiment and for a changed one. */
const planOptions = (command: Command): Command =>
  command
    .option(
      '--arm <name=model>',
      'an arm and its model, by name or id, the control first; further with commas: new=dat,weight=0.3,index=ID,alpha=1',
      collect,
      [],
    )
    .option('--traffic <share>', 'share of the users that enter it, 0 to 1', readNumber)
    .option('--metric <metric>', 'the primary metric: ctr, conversion, gmvPerUser …')
    .option('--layer <name>', 'experiments of one layer share no user; --set layerShare=0.5 is its part')
    .option('--design <design>', 'ab or interleaving')
    .option('--ranker <id>', 'of all arms that name none; newest, the default, is the newest one when it starts')
    .option('--days <number>', 'planned duration', readNumber)
    .option('--guardrail <metric=loss>', 'no arm may lower the metric by more than this share: ctr=0.02', collect, [])
    .option('--target <attribute=a|b>', 'only users or requests with one of these values', collect, [])
    .option('--override <user=arm>', 'for QA: this user sees this arm and does not count', collect, [])
    .option('--hypothesis <text>', 'what is expected, written down before the first figure')
    .option(
      '--set <key=value>',
      'any other setting: stopRules.srm=stop gmvCapQuantile=0.99 excludedUsers=["1","2"]',
      readSetting,
      {},
    );

/** `a.b=1` as `{ a: { b: 1 } }`. A user's id after `overrides.` may have dots of its own. */
function nested(set: Record<string, unknown>): Record<string, unknown> {
  const settings: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(set)) {
    const at = key.indexOf('.');
    const outer = at < 0 ? key : key.slice(0, at);
    settings[outer] = at < 0 ? value : { ...(settings[outer] as object), [key.slice(at + 1)]: value };
  }
  return settings;
}

async function readArms(db: Database, texts: readonly string[]): Promise<ExperimentPatch['arms']> {
  if (texts.length === 0) return undefined;
  return Promise.all(
    texts.map(async (text, place) => {
      const [first, ...further] = text.split(',');
      const [name, model] = pair(first!, 'arm: write name=model');
      const keys = Object.fromEntries(further.map((part) => pair(part, 'part of an arm: write key=value')));
      const { weight, index, ranker, alpha, diversity, ...unknown } = keys;
      const [strange] = Object.keys(unknown);
      if (strange !== undefined) {
        const fix = 'An arm has weight, index, ranker, alpha and diversity.';
        throw new DuetError('bad-input', `An arm has no "${strange}".`, { where: { field: `arms.${name}` }, fix });
      }
      return {
        ...{ name, modelId: (await findModel(db, model)).id, control: place === 0 },
        weight: weight === undefined ? 1 / texts.length : Number(weight),
        ...(index !== undefined && { indexId: index }),
        settings: {
          ...(ranker !== undefined && { rankerId: ranker }),
          ...(alpha !== undefined && { alpha: Number(alpha) }),
          ...(diversity !== undefined && { diversity: Number(diversity) }),
        },
      };
    }),
  );
}

async function readPlan(db: Database, options: PlanOptions): Promise<ExperimentPatch> {
  const { guardrail, target, override, days, hypothesis } = options;
  const guardrails = guardrail.map((text) => {
    const [metric, loss] = pair(text, 'guardrail: write metric=loss, such as ctr=0.02');
    return { metric, maxRelativeLoss: Number(loss) };
  });
  const targeting = target.map((text) => {
    const [attribute, values] = pair(text, 'target: write attribute=value, or a|b for several');
    return { attribute, in: values.split('|') };
  });
  return {
    arms: await readArms(db, options.arm),
    trafficShare: options.traffic,
    primaryMetric: options.metric,
    layer: options.layer,
    design: options.design,
    rankerId: options.ranker === 'newest' ? null : options.ranker,
    settings: {
      ...nested(options.set),
      ...(guardrails.length > 0 && { guardrails }),
      ...(targeting.length > 0 && { targeting }),
      ...(override.length > 0 && {
        overrides: Object.fromEntries(override.map((text) => pair(text, 'override: write user=arm'))),
      }),
      ...(days !== undefined && { plannedDays: days }),
      ...(hypothesis !== undefined && { hypothesis }),
    },
  };
}

interface Named {
  experiment: string;
}

export function experimentCommand(program: Command): void {
  const group = program
    .command('experiment')
    .description('set up, run and decide experiments: which users see which arm, and who changed what')
    .addHelpText('after', '\nEvery subcommand takes --json.\nExample:\n  $ npx duet experiment list');
  const one = (name: string, description: string): Command =>
    group.command(name).description(description).requiredOption('--experiment <name>', 'name or id of the experiment');
  const withoutUndefined = <T extends object>(object: T) =>
    Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as Partial<T>;

  const create = planOptions(
    group
      .command('create')
      .description('make a draft: who enters it, what its arms serve, what it is judged by')
      .requiredOption('--name <name>', 'its name, and the seed of its hash')
      .option('--dataset <name>', 'name or id of the dataset; may be left out where there is only one')
      .option('--simulated', 'only simulated shoppers enter it'),
  );
  job<PlanOptions & { name: string; dataset?: string; simulated?: boolean }>(
    create,
    'experiment create --name new-model --arm old=two-tower --arm new=dat --metric ctr --guardrail gmvPerUser=0.05',
    async ({ database, config }, { name, dataset, simulated = false, ...options }) => {
      const { createExperiment, readMetrics } = await import('@duet/experiments');
      const db = await database();
      const { id: datasetId } = await findDataset(db, dataset);
      const { arms = [], ...plan } = await readPlan(db, options);
      const input = { name, datasetId, simulated, arms, ...withoutUndefined(plan) };
      const made = await createExperiment(db, input as Parameters<typeof createExperiment>[1], {
        actor: actor(),
        metrics: await readMetrics(config.metricsFile),
      });
      return {
        json: made,
        text: `${made.name} is a draft. Start it: npx duet experiment start --experiment ${made.name}`,
      };
    },
  );

  job(
    group.command('list').description('all experiments, the newest first'),
    'experiment list',
    async ({ database }) => {
      const { prisma } = await database();
      const arms = { orderBy: { position: 'asc' } } as const;
      const all = await prisma.experiment.findMany({
        orderBy: { createdAt: 'desc' },
        include: { arms, dataset: true },
      });
      const day = (date: Date | null) => date?.toISOString().slice(0, 10) ?? '–';
      return {
        json: all.map(({ dataset, ...experiment }) => ({ ...experiment, dataset: dataset.name })),
        text: table(
          ['experiment', 'state', 'phase', 'arms', 'dataset', 'traffic', 'started', 'planned end', 'decision'],
          all.map((one) => [
            ...[one.name, one.status, one.phase],
            one.arms.map(({ name, weight }) => `${name} ${percent(weight)}`).join(', '),
            ...[one.dataset.name, percent(one.trafficShare), day(one.startedAt), day(one.plannedEndAt)],
            one.decision ?? '–',
          ]),
        ),
      };
    },
  );

  job<Named>(
    one('show', 'everything about an experiment: settings, phases, what it can find, and its audit log'),
    'experiment show --experiment dat-vs-two-tower',
    async ({ database, config }, { experiment }) => describeExperiment({ db: await database(), config }, experiment),
  );

  job<Named>(
    one('start', 'start a draft: its users are dealt out from then on'),
    'experiment start --experiment new-model',
    async ({ database, config }, { experiment }) => {
      const { launchExperiment } = await import('@duet/experiments');
      const context = { db: await database(), dataDir: config.dataDir };
      const started = await launchExperiment(context, experiment, { actor: actor() });
      return { json: started, text: `${started.name} is running until ${started.plannedEndAt?.toISOString() ?? '–'}.` };
    },
  );

  job<Named & { note?: string }>(
    one('stop', 'stop a running experiment: everybody gets the default').option('--note <text>', 'why'),
    'experiment stop --experiment new-model',
    async ({ database }, { experiment, note = '' }) => {
      const { stopExperiment } = await import('@duet/experiments');
      const stopped = await stopExperiment(await database(), experiment, { actor: actor(), note });
      return { json: stopped, text: `${stopped.name} is ${stopped.status}.` };
    },
  );

  job<Named & { arm: string; note?: string }>(
    one('decide', 'write down what came of a stopped experiment; the arm’s model becomes the default')
      .requiredOption('--arm <name>', 'the arm that serves everybody from now on, or none')
      .option('--note <text>', 'why'),
    'experiment decide --experiment new-model --arm new --note "CTR up, GMV unharmed"',
    async ({ database }, { experiment, arm, note }) => {
      const { decideExperiment } = await import('@duet/experiments');
      const decided = await decideExperiment(await database(), experiment, { arm, note }, { actor: actor() });
      return { json: decided, text: `${decided.name} is decided: ${decided.decision}, by ${decided.decidedBy}.` };
    },
  );

  job<Named & PlanOptions & { note?: string }>(
    planOptions(
      one('phase', 'begin a new phase, with a changed plan or the same: users are dealt out afresh').option(
        '--note <text>',
        'why',
      ),
    ),
    'experiment phase --experiment new-model --arm old=two-tower,weight=0.2 --arm new=dat,weight=0.8',
    async ({ database, config }, { experiment, note = '', ...options }) => {
      const { launchPhase, readMetrics } = await import('@duet/experiments');
      const db = await database();
      const context = { db, dataDir: config.dataDir };
      const who = { actor: actor(), metrics: await readMetrics(config.metricsFile), note };
      const begun = await launchPhase(context, experiment, await readPlan(db, options), who);
      return { json: begun, text: `${begun.name} is running in phase ${begun.phase}.` };
    },
  );

  job<Named & PlanOptions>(
    planOptions(one('set', 'change a draft, or of a running experiment what does not touch its figures')),
    'experiment set --experiment new-model --traffic 0.5',
    async ({ database, config }, { experiment, ...options }) => {
      const { readMetrics, setExperiment } = await import('@duet/experiments');
      const db = await database();
      const who = { actor: actor(), metrics: await readMetrics(config.metricsFile) };
      const changed = await setExperiment(db, experiment, await readPlan(db, options), who);
      return {
        json: changed,
        text: `${changed.name} is ${changed.status}, with ${percent(changed.trafficShare)} of its users.`,
      };
    },
  );

  job<{ user: string; attribute: Record<string, unknown>; simulated?: boolean }>(
    group
      .command('assign')
      .description('where a user falls: the buckets and the arm of each running experiment')
      .requiredOption('--user <id>', 'the user')
      .option('--attribute <name=value>', 'what targeting asks for', readSetting, {})
      .option('--simulated', 'as a simulated shopper'),
    'experiment assign --user 17850 --attribute device=phone',
    async ({ database }, { user: userId, attribute, simulated = false }) => {
      const { assignable, assignUser, bucketsOf, hashedArm } = await import('@duet/experiments');
      const { prisma } = await database();
      const arms = { orderBy: { position: 'asc' } } as const;
      const running = await prisma.experiment.findMany({
        where: { status: 'running', simulated },
        orderBy: [{ startedAt: 'asc' }, { id: 'asc' }],
        include: { arms, dataset: { select: { holdout: true } } },
      });
      const attributes = Object.fromEntries(Object.entries(attribute).map(([name, value]) => [name, String(value)]));
      const all = running.map(({ dataset, ...experiment }) => assignable(experiment, dataset.holdout));
      const taken = assignUser(all, { userId, attributes, simulated });
      const rows = all.map((experiment) => {
        const found = hashedArm(experiment, { userId, attributes });
        const own = taken?.experiment === experiment ? taken : undefined;
        return {
          ...{ experiment: experiment.name, buckets: bucketsOf(experiment, userId) },
          arm: own?.arm.name ?? null,
          reason: own?.reason ?? (typeof found === 'string' ? found : 'in another experiment'),
        };
      });
      return {
        json: { userId, experiment: taken?.experiment.name ?? null, arm: taken?.arm.name ?? null, experiments: rows },
        text:
          rows.length === 0
            ? 'No experiment runs.'
            : table(
                ['experiment', 'arm', 'because of', 'arm bucket', 'traffic bucket', 'layer bucket', 'holdout bucket'],
                rows.map(({ experiment, arm, reason, buckets }) => [
                  ...[experiment, arm ?? '–', reason, buckets.arm, buckets.traffic],
                  ...[buckets.layer ?? '–', buckets.holdout],
                ]),
              ),
      };
    },
  );

  job<{ dataset?: string; share: number }>(
    group
      .command('holdout')
      .description('set the share of a dataset’s users who are in no experiment and get the default')
      .option('--dataset <name>', 'name or id of the dataset; may be left out where there is only one')
      .requiredOption('--share <share>', '0 to less than 1', readNumber),
    'experiment holdout --share 0.05',
    async ({ database }, { dataset, share }) => {
      const { setHoldout } = await import('@duet/experiments');
      const db = await database();
      const { id, name } = await findDataset(db, dataset);
      await setHoldout(db, id, share, { actor: actor() });
      return {
        json: { datasetId: id, holdout: share },
        text: `${percent(share)} of ${name}'s users are in no experiment.`,
      };
    },
  );
}
