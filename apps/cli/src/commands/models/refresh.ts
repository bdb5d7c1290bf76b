import type { RefreshRun } from '@duet/db';
import type { Gate } from '@duet/pipeline/control';
import type { Command } from 'commander';
import { minute, table } from '../../answer.ts';
import { actor, job, modelling } from '../../context.ts';
import { findDataset } from '../../find.ts';

/** What a refresh led to, as far as it has. */
function outcomeOf({ promoted, status, gate, error }: RefreshRun): string {
  if (status !== 'done') return error ?? '';
  if (promoted) return 'champion';
  return (gate as unknown as Gate).passed ? 'waits for somebody to promote it' : 'held back';
}

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
    const rows = refreshes.map(({ registeredModel, model, ...run }) => [
      minute(run.createdAt),
      registeredModel.name,
      model?.version ?? '–',
      run.status === 'running' ? `running: ${run.stage}` : run.status,
      outcomeOf(run),
      run.actor,
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
