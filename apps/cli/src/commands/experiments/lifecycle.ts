import type { Command } from 'commander';
import { percent } from '../../answer.ts';
import { actor, job } from '../../context.ts';
import { findDataset } from '../../find.ts';
import { readNumber } from '../../options.ts';
import { type Named, named } from './named.ts';

/** An experiment's way from draft to decision, and who is kept out of all: `start`, `stop`, `decide`, `holdout`. */
export function lifecycleCommands(group: Command): void {
  job<Named>(
    named(group, 'start', 'start a draft: its users are dealt out from then on'),
    'experiment start --experiment new-model',
    async ({ database, config }, { experiment }) => {
      const { launchExperiment } = await import('@duet/experiments');
      const context = { db: await database(), dataDir: config.dataDir };
      const started = await launchExperiment(context, experiment, { actor: actor() });
      return { json: started, text: `${started.name} is running until ${started.plannedEndAt?.toISOString() ?? '–'}.` };
    },
  );

  job<Named & { note?: string }>(
    named(group, 'stop', 'stop a running experiment: everybody gets the default').option('--note <text>', 'why'),
    'experiment stop --experiment new-model',
    async ({ database }, { experiment, note = '' }) => {
      const { stopExperiment } = await import('@duet/experiments');
      const stopped = await stopExperiment(await database(), experiment, { actor: actor(), note });
      return { json: stopped, text: `${stopped.name} is ${stopped.status}.` };
    },
  );

  job<Named & { arm: string; note?: string }>(
    named(group, 'decide', 'write down what came of a stopped experiment; what the arm served is deployed')
      .requiredOption('--arm <name>', 'the arm that serves everybody from now on, or none')
      .option('--note <text>', 'why'),
    'experiment decide --experiment new-model --arm new --note "CTR up, GMV unharmed"',
    async ({ database }, { experiment, arm, note }) => {
      const { decide } = await import('@duet/pipeline');
      const { experiment: decided, deployed } = await decide(
        await database(),
        experiment,
        { arm, note },
        { actor: actor() },
      );
      const now = deployed === undefined ? '' : ` "${deployed.name}" is deployed.`;
      return { json: decided, text: `${decided.name} is decided: ${decided.decision}, by ${decided.decidedBy}.${now}` };
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
