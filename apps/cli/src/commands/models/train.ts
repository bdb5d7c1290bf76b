import { DuetError } from '@duet/base';
import type { Evaluation, TrainRequest } from '@duet/trainer';
import type { Command } from 'commander';
import { comparison } from '../../answer.ts';
import { job, modelling } from '../../context.ts';
import { findCutRun, findDataset } from '../../find.ts';
import { readInteger, readSetting } from '../../options.ts';

interface Options {
  dataset?: string;
  model?: string;
  resume?: string;
  preset?: string;
  set: Record<string, unknown>;
  seed?: number;
  split?: string;
  name?: string;
  minutes?: number;
  evaluationUsers?: number;
}

/** How many users an evaluation is of, and of how many they were drawn. */
export const usersOf = ({ users, drawnFrom }: Pick<Evaluation, 'users' | 'drawnFrom'>): string =>
  drawnFrom === undefined ? `${users} users` : `${users} users, drawn from ${drawnFrom}`;

export function trainCommand(program: Command): void {
  const command = program
    .command('train')
    .description('train a retrieval model and evaluate it on the split that it was trained without')
    .option('--dataset <name>', 'name or id of the dataset; may be left out where there is only one')
    .option('--model <kind>', 'dat, two-tower, ials, wals …: npx duet models --kinds lists them')
    .option(
      '--preset <preset>',
      'auto finds the settings that suit the data; fast, best and paper have values of their own',
      'auto',
    )
    .option('--minutes <number>', 'what auto may search for; 0: rules decide alone (10)', readInteger)
    .option(
      '--set <key=value>',
      'a setting of the preset, any number of times; epochs=2: npx duet models --settings dat lists them',
      readSetting,
      {},
    )
    .option('--seed <number>', 'seed of every random choice', readInteger)
    .option(
      '--split <split>',
      'time:0.8, leave-last-out, random:0.8, given by the file, or none to train on everything',
    )
    .option('--name <name>', "the model's name")
    .option(
      '--evaluation-users <n>',
      'users to measure it on at most, drawn by a hash of their ids',
      readInteger,
      20_000,
    )
    .option('--resume <run>', 'go on with a training that was cut, by the id of its run; last is the newest');
  job<Options>(command, 'train --dataset online-retail --model dat --set epochs=2', async (context, options) => {
    const { requestOfRun, trainModel } = await import('@duet/trainer');
    const { model, resume, dataset, set, evaluationUsers, ...asked } = options;
    if ((model === undefined) === (resume === undefined)) {
      throw new DuetError('bad-input', 'Give either --model or --resume.');
    }
    const ctx = await modelling(context);
    const request = async (): Promise<TrainRequest> => {
      if (resume === undefined) {
        return { datasetId: (await findDataset(ctx.db, dataset)).id, kind: model!, set, ...asked };
      }
      const begun = await requestOfRun(ctx.db, (await findCutRun(ctx.db, resume)).id);
      return { ...begun, set: { ...begun.set, ...set } };
    };
    const { kind, name, ...rest } = await request();
    const { modelId, evaluation, choice } = await trainModel(ctx, { kind, name, evaluationUsers, ...rest });
    const measured =
      evaluation === undefined
        ? 'trained on everything, so that nothing is left to measure it on.'
        : `on ${evaluation.split} (${usersOf(evaluation)}):\n${comparison([{ name: name ?? kind, metrics: evaluation.metrics }])}`;
    const why =
      choice === undefined ? '' : `\n\nWhy these settings:\n${choice.reasons.map((one) => `  ${one}\n`).join('')}`;
    return {
      json: { modelId, ...(evaluation ?? { metrics: {} }), choice },
      text: `Model ${modelId}, ${measured}${why}`,
    };
  });
}
