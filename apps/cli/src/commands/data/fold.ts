import type { Command } from 'commander';
import { job, working } from '../../context.ts';
import { findDataset } from '../../find.ts';

export function foldCommand(program: Command): void {
  const command = program
    .command('fold')
    .description('make what was logged since the last fold a part of the dataset; the worker does it daily')
    .option('--dataset <name>', 'name or id of the dataset');
  job<{ dataset?: string }>(command, 'fold --dataset online-retail', async (context, options) => {
    const { foldEvents } = await import('@duet/pipeline');
    const ctx = await working(context);
    const dataset = await findDataset(ctx.db, options.dataset);
    const folded = await foldEvents(ctx, dataset.id);
    const { events, part, snapshot } = folded;
    const text =
      part === null
        ? `Nothing was logged since the last fold that is not in a part already (${events} events looked at).`
        : `${events} events became part ${part}; snapshot ${snapshot} has them.`;
    return { json: folded, text };
  });
}
