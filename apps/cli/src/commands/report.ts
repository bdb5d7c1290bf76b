import type { Report } from '@duet/experiments';
import type { Command } from 'commander';
import { table } from '../answer.ts';
import { job } from '../context.ts';

type Interval = Report['arms'][number]['metrics']['ctr'];

const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;

/** "12.30 % (10.11 … 14.49)"; what the data do not determine is a dash. */
function interval(found: Interval | undefined, show: (value: number) => string): string {
  const { value = null, low = null, high = null } = found ?? {};
  if (value === null) return '–';
  return low === null || high === null ? show(value) : `${show(value)} (${show(low)} … ${show(high)})`;
}

/** A report for people: arms under each other, each figure with its interval, then what may be concluded. */
function describeReport({ experiment, currency, arms, conclusion }: Report): string {
  const money = (minor: number) => `${(minor / 100).toFixed(2)} ${currency}`;
  return [
    `${experiment.name} is ${experiment.status}.`,
    '',
    table(
      ['arm', 'users', 'impressions', 'clicks', 'orders', 'CTR', 'lift', 'GMV per user', 'lift'],
      arms.map(({ name, control, users, impressions, clicks, orders, metrics, lift }) => [
        ...[control ? `${name} (control)` : name, users, impressions, clicks, orders],
        ...[interval(metrics.ctr, percent), interval(lift?.ctr.relative, percent)],
        ...[interval(metrics.gmvPerUser, money), interval(lift?.gmvPerUser.relative, percent)],
      ]),
    ),
    '',
    conclusion,
  ].join('\n');
}

export function reportCommand(program: Command): void {
  const command = program
    .command('report')
    .description('what an experiment shows so far: CTR and GMV per user of each arm, with confidence intervals')
    .requiredOption('--experiment <name>', 'name or id of the experiment');
  job<{ experiment: string }>(command, 'report --experiment dat-vs-two-tower', async ({ database }, { experiment }) => {
    const { experimentReport } = await import('@duet/experiments');
    const report = await experimentReport(await database(), experiment);
    return { json: report, text: describeReport(report) };
  });
}
