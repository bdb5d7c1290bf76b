import type { Command } from 'commander';
import { minute, table } from '../../answer.ts';
import { actor, job, modelling } from '../../context.ts';
import { findDataset } from '../../find.ts';

/** `duet refresh` and `duet refreshes`. */
export function refreshCommands(program: Command): void {
  const refresh = program
    .command('refresh')
    .description(
      'make a new version of a registered model: measure, learn everything, index, gate, promote or hold back',
    )
    .option('--dataset <name>', 'name or id of the dataset')
    .requiredOption('--model <name>', 'name of a registered model');
  job<{ dataset?: string; model: string }>(
    refresh,
    'refresh --dataset online-retail --model dat-nightly',
    async (context, options) => {
      const { findRegisteredModel, refreshModel } = await import('@duet/pipeline');
      const ctx = await modelling(context);
      const dataset = await findDataset(ctx.db, options.dataset);
      const registered = await findRegisteredModel(ctx.db, dataset.id, options.model);
      const result = await refreshModel(ctx, registered, { actor: actor() });
      const checks = result.gate.checks.map(({ name, passed, sentence }) => [passed ? '✔' : '✘', name, sentence]);
      return { json: result, text: `${table(['', 'check', ''], checks)}\n${result.sentence}` };
    },
  );

  const list = program
    .command('refreshes')
    .description('list the refreshes of a dataset, newest first')
    .option('--dataset <name>', 'name or id of the dataset');
  job<{ dataset?: string }>(list, 'refreshes --dataset online-retail', async ({ database }, options) => {
    const db = await database();
    const dataset = await findDataset(db, options.dataset);
    const refreshes = await db.prisma.refreshRun.findMany({
      where: { datasetId: dataset.id },
      include: { registeredModel: { select: { name: true } }, model: { select: { version: true } } },
      orderBy: { createdAt: 'desc' },
      take: 100,
    });
    const rows = refreshes.map(({ registeredModel, model, status, stage, promoted, createdAt, actor: by, error }) => [
      minute(createdAt),
      registeredModel.name,
      model?.version ?? '–',
      status === 'running' ? `running: ${stage}` : status,
      promoted ? 'champion' : status === 'done' ? 'held back' : (error ?? ''),
      by,
    ]);
    return {
      json: { dataset: dataset.name, refreshes },
      text:
        rows.length === 0
          ? `Nothing of ${dataset.name} was refreshed yet.`
          : table(['asked for', 'model', 'version', 'status', '', 'by'], rows),
    };
  });
}
