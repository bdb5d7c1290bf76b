import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { DuetError } from '@duet/base';
import type { Command } from 'commander';
import { job } from '../../context.ts';

async function readInput(file: string): Promise<unknown> {
  const content =
    file === '-'
      ? await text(process.stdin)
      : await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
          throw new DuetError('not-found', `It cannot be read (${cause.code}).`, { where: { file }, cause });
        });
  try {
    return JSON.parse(content);
  } catch (cause) {
    throw new DuetError('bad-input', `It is not JSON: ${(cause as Error).message}.`, { where: { file }, cause });
  }
}

export function statsCommand(program: Command): void {
  const command = program
    .command('stats')
    .description('run one statistic from a JSON description, so that another program can be compared with it')
    .requiredOption('--input <file>', 'JSON {kind, inputs}; - reads standard input');
  job<{ input: string }>(command, 'stats --input welch.json --json', async (_, { input }) => {
    const { runStatistic } = await import('@duet/statistics/run');
    const result = runStatistic((await readInput(input)) as Parameters<typeof runStatistic>[0]);
    return { json: result, text: JSON.stringify(result, undefined, 2) };
  });
}
