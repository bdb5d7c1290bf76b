import { DuetError } from '@duet/base';
import type { Command } from 'commander';
import { comparison } from '../../answer.ts';
import { job, modelling } from '../../context.ts';
import { findDataset, findModel } from '../../find.ts';
import { readInteger, readSetting } from '../../options.ts';
import { usersOf } from './train.ts';

interface Options {
  model?: string;
  baseline?: string;
  set: Record<string, unknown>;
  dataset?: string;
  split?: string;
  mask: boolean;
  evaluationUsers: number;
}

export function evaluateCommand(program: Command): void {
  const command = program
    .command('evaluate')
    .description('measure a model or a baseline by ranking the full catalogue for every user of a split')
    .option('--model <id>', 'id or name of a trained model')
    .option('--baseline <kind>', 'a model that only scores: popularity, item-knn, ease')
    .option('--set <key=value>', 'a setting of a baseline, any number of times; neighbours=200', readSetting, {})
    .option('--dataset <name>', 'for a baseline: name or id of the dataset')
    .option('--split <split>', 'time:0.8, leave-last-out, random:0.8, or given by the file')
    .option('--evaluation-users <n>', 'users to rank for at most, drawn by a hash of their ids', readInteger, 20_000)
    .option('--no-mask', 'rank what a user has had too; the answer is then not kept');
  job<Options>(
    command,
    'evaluate --baseline item-knn --dataset online-retail --split time:0.8',
    async (context, options) => {
      const { model, baseline, split, set, mask, evaluationUsers } = options;
      if ((model === undefined) === (baseline === undefined)) {
        throw new DuetError('bad-input', 'Give either --model or --baseline.');
      }
      const { evaluateBaseline, evaluateModel } = await import('@duet/trainer');
      const ctx = await modelling(context);
      const measure = async () => {
        if (baseline !== undefined) {
          const dataset = await findDataset(ctx.db, options.dataset);
          const request = { datasetId: dataset.id, kind: baseline, split, set, mask, evaluationUsers };
          const { modelId, evaluation } = await evaluateBaseline(ctx, request);
          return { name: baseline, modelId, evaluation };
        }
        const row = await findModel(ctx.db, model!);
        const { evaluation } = await evaluateModel(ctx, { modelId: row.id, split, mask, evaluationUsers });
        return { name: row.name, modelId: row.id, evaluation };
      };
      const { name, modelId, evaluation } = await measure();
      return {
        json: { modelId, ...evaluation },
        text: `On ${evaluation.split} (${usersOf(evaluation)}${mask ? '' : ', what they had competes too'}):\n${comparison([{ name, metrics: evaluation.metrics }])}`,
      };
    },
  );
}
