import { writeFile } from 'node:fs/promises';
import { DuetError } from '@duet/base';
import { type Command, InvalidArgumentError } from 'commander';
import { job } from '../../context.ts';

interface Options {
  experiment: string;
  phase?: number;
  level?: number;
  segment?: { dimension: string; value: string };
  csv?: string;
  html?: string;
}

const phaseNumber = (text: string): number => {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('A phase is a whole number from 1.');
};

const confidence = (text: string): number => {
  const level = Number(text);
  if (level > 0.5 && level < 1) return level;
  throw new InvalidArgumentError('A level lies between 0.5 and 1, such as 0.95.');
};

const segmentOf = (text: string): Options['segment'] => {
  const [, dimension, value] = /^(\w+)=(.+)$/s.exec(text) ?? [];
  if (dimension !== undefined && value !== undefined) return { dimension, value };
  throw new InvalidArgumentError('A segment is written dimension=value, such as device=mobile.');
};

export function reportCommand(program: Command): void {
  const command = program
    .command('report')
    .description('what an experiment shows, and what may be concluded: lifts with intervals, split, guardrails')
    .requiredOption('--experiment <name>', 'name or id of the experiment')
    .option('--phase <n>', 'an earlier phase; the newest by default', phaseNumber)
    .option('--level <share>', 'confidence level of every interval; by default the experiment’s own', confidence)
    .option('--segment <dimension=value>', 'count only a category, device or visitor (new, returning)', segmentOf)
    .option('--csv <file>', 'write every figure as one table to this file')
    .option('--html <file>', 'write the report as one page that needs nothing else to this file');
  job<Options>(
    command,
    'report --experiment dat-vs-two-tower --html report.html',
    async ({ config, database }, { experiment, csv, html, ...asked }) => {
      const { experimentReport, readMetrics, reportCsv, reportHtml } = await import('@duet/experiments');
      const { reportText } = await import('../../report-text.ts');
      const metrics = await readMetrics(config.metricsFile);
      const report = await experimentReport(await database(), experiment, { ...asked, metrics });
      const files = [
        ...(csv === undefined ? [] : [{ file: csv, text: reportCsv(report) }]),
        ...(html === undefined ? [] : [{ file: html, text: reportHtml(report) }]),
      ];
      for (const { file, text } of files) await write(file, text);
      const wrote = files.length > 0 ? `\n\nWrote ${files.map(({ file }) => file).join(' and ')}.` : '';
      return { json: report, text: `${reportText(report)}${wrote}` };
    },
  );
}

/** @throws DuetError `bad-input` where the file cannot be written */
async function write(file: string, text: string): Promise<void> {
  await writeFile(file, text).catch((cause) => {
    throw new DuetError('bad-input', `The report cannot be written: ${cause.message}.`, { where: { file }, cause });
  });
}
