import type { Command } from 'commander';
import { percent } from '../../answer.ts';
import { actor, job } from '../../context.ts';
import { findDataset } from '../../find.ts';
import { type Named, named } from './named.ts';
import { type PlanOptions, planOptions, readPlan } from './plan.ts';

/** What is compared, and how: `create`, `set`, `phase`. */
export function designCommands(group: Command): void {
  createCommand(group);
  setCommand(group);
  phaseCommand(group);
}

const withoutUndefined = <T extends object>(object: T) =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as Partial<T>;

function createCommand(group: Command): void {
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
      const { arms = [], ...plan } = await readPlan(db, datasetId, options);
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
}

function setCommand(group: Command): void {
  job<Named & PlanOptions>(
    planOptions(named(group, 'set', 'change a draft, or of a running experiment what does not touch its figures')),
    'experiment set --experiment new-model --traffic 0.5',
    async ({ database, config }, { experiment, ...options }) => {
      const { findExperiment, readMetrics, setExperiment } = await import('@duet/experiments');
      const db = await database();
      const { datasetId } = await findExperiment(db, experiment);
      const who = { actor: actor(), metrics: await readMetrics(config.metricsFile) };
      const changed = await setExperiment(db, experiment, await readPlan(db, datasetId, options), who);
      return {
        json: changed,
        text: `${changed.name} is ${changed.status}, with ${percent(changed.trafficShare)} of its users.`,
      };
    },
  );
}

function phaseCommand(group: Command): void {
  job<Named & PlanOptions & { note?: string }>(
    planOptions(
      named(group, 'phase', 'begin a new phase, with a changed plan or the same: users are dealt out afresh').option(
        '--note <text>',
        'why',
      ),
    ),
    'experiment phase --experiment new-model --arm old=two-tower,weight=0.2 --arm new=dat,weight=0.8',
    async ({ database, config }, { experiment, note = '', ...options }) => {
      const { findExperiment, launchPhase, readMetrics } = await import('@duet/experiments');
      const db = await database();
      const { datasetId } = await findExperiment(db, experiment);
      const context = { db, dataDir: config.dataDir };
      const who = { actor: actor(), metrics: await readMetrics(config.metricsFile), note };
      const begun = await launchPhase(context, experiment, await readPlan(db, datasetId, options), who);
      return { json: begun, text: `${begun.name} is running in phase ${begun.phase}.` };
    },
  );
}
