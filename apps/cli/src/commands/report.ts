import type { Command } from 'commander';
import { job } from '../context.ts';

export function reportCommand(program: Command): void {
  const command = program
    .command('report')
    .description('what an experiment shows so far: CTR and GMV per user of each arm, with confidence intervals')
    .requiredOption('--experiment <name>', 'name or id of the experiment');
  job<{ experiment: string }>(command, 'report --experiment dat-vs-two-tower', async ({ database }, { experiment }) => {
    const { experimentReport } = await import('@duet/experiments');
    const report = await experimentReport(await database(), experiment);
    return { json: report, text: JSON.stringify(report, undefined, 2) };
  });
}
