import { availableParallelism } from 'node:os';
import type { TuneRequest } from '@duet/trainer';
import type { Command } from 'commander';
import { table } from '../../answer.ts';
import { job, working } from '../../context.ts';
import { findDataset } from '../../find.ts';
import { readInteger, readSetting } from '../../options.ts';

interface Options extends Pick<TuneRequest, 'base' | 'split' | 'metric' | 'trials' | 'seed' | 'fresh'> {
  dataset?: string;
  model: string;
  set: Record<string, unknown>;
  start: Record<string, unknown>;
  minutes?: number;
  parallel: number;
}

/** Trials in the printed table. */
const shown = 10;

export function tuneCommand(program: Command): void {
  const command = program
    .command('tune')
    .description("find a model's best settings by random search and successive halving, inside the training part")
    .option('--dataset <name>', 'name or id of the dataset; may be left out where there is only one')
    .requiredOption('--model <kind>', 'dat, two-tower, ials, item-knn …: npx duet models --kinds lists them')
    .option('--base <preset>', 'the preset that the search starts from', 'best')
    .option('--set <key=value>', 'a setting that every trial keeps, any number of times', readSetting, {})
    .option(
      '--start <key=value>',
      'a setting of the model to do better than, over --base, any number of times: trials keep it or change it',
      readSetting,
      {},
    )
    .option('--split <split>', 'the split that the model will be judged by, in whose training part it is searched')
    .option('--metric <name>', 'what is best: HR@50, HR@100, Recall@50, NDCG@50, MRR …', 'HR@50')
    .option('--trials <number>', 'settings tried first; a third goes on to three times the epochs (27)', readInteger)
    .option('--minutes <number>', 'time for the whole search, instead of or beside a number of trials', readInteger)
    .option('--seed <number>', 'seed of the search and of each training', readInteger, 1)
    .option(
      '--parallel <number>',
      'trials side by side, each a process with one thread for its graph',
      readInteger,
      Math.min(8, availableParallelism()),
    )
    .option('--fresh', 'start anew, where the same search was cut before');
  job<Options>(command, 'tune --dataset online-retail --model dat --trials 27', async (context, options) => {
    const [{ hasVectors, resolveSettings }, { tune }] = await Promise.all([
      import('@duet/models'),
      import('@duet/trainer'),
    ]);
    const ctx = { ...(await working(context)), machine: context.config };
    const dataset = await findDataset(ctx.db, options.dataset);
    const { dataset: _, model: kind, start, ...request } = options;
    const around = Object.keys(start).length > 0 && { start };
    const asked = { ...request, ...around, kind, datasetId: dataset.id };
    const { tuningId, trials, failures, recalled } = await tune(ctx, asked);
    const [best] = trials;
    const flags = Object.entries(best!.set).map(([key, value]) => `--set '${key}=${JSON.stringify(value)}'`);
    const next = hasVectors(resolveSettings(kind, request.base!, {}))
      ? `train --model ${kind} --preset ${request.base}`
      : `evaluate --baseline ${kind}`;
    const split = request.split === undefined ? '' : ` --split ${request.split}`;
    const starts = trials.filter(({ number }) => around && number === 0);
    const compared = starts.toSorted((a, b) => b.rung - a.rung)[0];
    const listed = trials.slice(0, shown);
    if (compared && !listed.includes(compared)) listed.push(compared);
    const rows = listed.map(({ number, rung, set, score, seconds }) => [
      around && number === 0 ? 'the start' : number,
      rung,
      score.toFixed(4),
      seconds.toFixed(0),
      Object.entries(set)
        .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
        .join(' '),
    ]);
    return {
      json: { tuningId, best, trials, failures },
      text: [
        table(['settings', 'rung', request.metric!, 'seconds', ''], rows),
        '',
        ...failures.map(({ number, rung, error }) => `Settings ${number} failed on rung ${rung}: ${error}`),
        `${trials.length} trials of tuning ${tuningId}${recalled > 0 ? `, ${recalled} of them from before it was cut` : ''}. The best:`,
        `  npx duet ${next} --dataset ${dataset.name}${split} ${flags.join(' ')}`,
        JSON.stringify(best!.set),
      ].join('\n'),
    };
  });
}
