import type { Command } from 'commander';
import { table } from '../../answer.ts';
import { job } from '../../context.ts';
import { findModel } from '../../find.ts';

interface Options {
  experiment: string;
  model: string;
}

export function offPolicyCommand(program: Command): void {
  const command = program
    .command('off-policy')
    .description('what click-through rate another model would have had, from an experiment that explored')
    .requiredOption('--experiment <name>', 'name or id of an experiment with the setting exploration')
    .requiredOption('--model <id>', 'id or name of a model with an index');
  job<Options>(
    command,
    'off-policy --experiment dat-vs-two-tower --model mind',
    async ({ config, logger, database }, { experiment, model: named }) => {
      const [{ openServing }, { openExecutor }, { offPolicyReport, formatPercent, findExperiment }] = await Promise.all(
        [import('@duet/serving'), import('@duet/artifact'), import('@duet/experiments')],
      );
      const db = await database();
      const [model, { rankerId }] = await Promise.all([findModel(db, named), findExperiment(db, experiment)]);
      await using serving = await openServing({
        db,
        dataDir: config.dataDir,
        logger,
        executor: await openExecutor(config),
      });
      const rankingFor = async (userId: string) => {
        const { items } = await serving.retrieve({
          userId,
          k: 100,
          modelId: model.id,
          rankerId: rankerId ?? undefined,
        });
        return items.map(({ itemId }) => itemId);
      };
      const report = await offPolicyReport(db, experiment, rankingFor);
      const row = (what: string, { value, low, high }: (typeof report)['shown']) => [
        what,
        value === null ? '–' : formatPercent(value, 2),
        low === null || high === null ? '–' : `${formatPercent(low, 2)} … ${formatPercent(high, 2)}`,
      ];
      const { shown, ips, snips, doublyRobust, impressions, users, meanWeight, effectiveSampleSize, warning } = report;
      return {
        json: { model: { id: model.id, name: model.name }, ...report },
        text: `${impressions} seen places of ${users} users; the places where ${model.name} has the same item are worth ${Math.round(effectiveSampleSize)} of its own.\n${table(
          ['click-through rate', 'value', '95 % interval'],
          [
            row('as shown', shown),
            row(`${model.name}, IPS`, ips),
            row(`${model.name}, SNIPS`, snips),
            row(`${model.name}, doubly robust`, doublyRobust),
          ],
        )}\nMean weight ${meanWeight.toFixed(2)}: well below 1, the model shows items that were never tried.${warning === null ? '' : `\n${warning}`}`,
      };
    },
  );
}
