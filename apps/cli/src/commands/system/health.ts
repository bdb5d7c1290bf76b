import type { Command } from 'commander';
import { table } from '../../answer.ts';
import { job } from '../../context.ts';
import { findDataset } from '../../find.ts';

/** `duet health`. */
export function healthCommand(program: Command): void {
  const command = program
    .command('health')
    .description('whether what comes in and what goes out of a dataset is as usual: data, lists, drift, age')
    .option('--dataset <name>', 'name or id of the dataset; may be left out where there is only one');
  job<{ dataset?: string }>(command, 'health --dataset online-retail', async ({ database }, { dataset: named }) => {
    const { watchHealth } = await import('@duet/pipeline/control');
    const db = await database();
    const dataset = await findDataset(db, named);
    const checks = await watchHealth(db, dataset.id);
    const signs = { ok: '✔', warn: '–', fail: '✘' };
    return {
      json: { dataset: dataset.name, checks },
      text: table(
        ['', 'check', 'found'],
        checks.map(({ name, state, sentence, remedy }) => [signs[state], name, `${sentence} ${remedy}`.trim()]),
      ),
    };
  });
}
