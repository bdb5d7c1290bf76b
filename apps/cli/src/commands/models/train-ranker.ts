import { type Command, Option } from 'commander';
import { job, modelling } from '../../context.ts';
import { findDataset, findModel } from '../../find.ts';
import { collect } from '../../options.ts';

interface Options {
  dataset?: string;
  model: string[];
  split: string;
  labels: 'purchases' | 'clicks';
}

export function trainRankerCommand(program: Command): void {
  const command = program
    .command('train-ranker')
    .description('fit the one ranker that all arms share to the lists that these models retrieve')
    .option('--dataset <name>', 'name or id of the dataset; may be left out where there is only one')
    .requiredOption('--model <id>', 'id or name of a model, any number of times', collect)
    .option('--split <split>', 'the split that the models were trained without', 'time:0.8')
    .addOption(
      new Option(
        '--labels <kind>',
        'what it learns to predict: held-out purchases, or logged clicks on what arms showed',
      )
        .choices(['purchases', 'clicks'])
        .default('purchases'),
    );
  job<Options>(command, 'train-ranker --model two-tower --model dat', async (context, options) => {
    const { trainRanker } = await import('@duet/ranking');
    const ctx = await modelling(context);
    const { id: datasetId } = await findDataset(ctx.db, options.dataset);
    const models = await Promise.all(options.model.map((named) => findModel(ctx.db, named)));
    const { rankerId, metrics } = await trainRanker(ctx, {
      datasetId,
      modelIds: models.map(({ id }) => id),
      split: options.split,
      labels: options.labels,
    });
    return { json: { rankerId, metrics }, text: `Ranker ${rankerId}: ${JSON.stringify(metrics, undefined, 2)}` };
  });
}
