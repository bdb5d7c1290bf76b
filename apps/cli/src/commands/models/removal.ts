import { DuetError } from '@duet/base';
import type { Command } from 'commander';
import { actor, job, working } from '../../context.ts';
import { findDataset, findModel } from '../../find.ts';
import { readInteger } from '../../options.ts';

/** `duet models remove` and `duet models prune`. */
export function removalCommands(models: Command): void {
  const remove = models
    .command('remove <model>')
    .description('delete a model with its indexes: no champion, and none of an experiment')
    .option('--yes', 'do it');
  job<{ yes?: boolean }>(remove, 'models remove two-tower --yes', async (context, { yes = false }) => {
    const { removeModel } = await import('@duet/pipeline/control');
    const ctx = await working(context);
    const model = await findModel(ctx.db, remove.args[0]!);
    const indexes = await ctx.db.prisma.index.count({ where: { modelId: model.id } });
    const what = `model ${model.name} (${model.id}) with ${indexes} indexes`;
    if (!yes) {
      throw new DuetError('conflict', `This would delete ${what}.`, {
        fix: `Say that it is meant: npx duet models remove ${model.id} --yes.`,
      });
    }
    await removeModel(ctx, model, { actor: actor() });
    return { json: { removed: model.id, name: model.name, indexes }, text: `Deleted ${what}.` };
  });

  const prune = models
    .command('prune')
    .description('delete old models: champions, the ones before them and models of experiments stay')
    .option('--dataset <name>', 'name or id of the dataset')
    .requiredOption(
      '--keep <n>',
      'versions of each registered model, and other models of each kind, that stay',
      readInteger,
    );
  job<{ dataset?: string; keep: number }>(
    prune,
    'models prune --dataset online-retail --keep 5',
    async (context, options) => {
      const { pruneModels } = await import('@duet/pipeline/control');
      const ctx = await working(context);
      const dataset = await findDataset(ctx.db, options.dataset);
      const gone = await pruneModels(ctx, dataset.id, options.keep, { actor: actor() });
      const removed = gone.map(({ id, name, version }) => ({ id, name, version }));
      const names = removed.map(({ name, version }) => `${name}${version === null ? '' : ` ${version}`}`);
      const text = removed.length === 0 ? 'Nothing is old enough to go.' : `Deleted ${names.join(', ')}.`;
      return { json: { dataset: dataset.name, removed }, text };
    },
  );
}
