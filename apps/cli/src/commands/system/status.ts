import { isAlive } from '@duet/base';
import type { Command } from 'commander';
import { table } from '../../answer.ts';
import { job } from '../../context.ts';
import { findRunning, stateOf } from '../../start/running.ts';

export function statusCommand(program: Command): void {
  const command = program
    .command('status')
    .description('how the Duet that runs on this data folder is, service by service');
  job(command, 'status', async ({ config: { dataDir } }) => {
    const running = findRunning(dataDir);
    const services = Object.entries(running?.services ?? {}).map(([name, { state, process, deaths, says }]) => ({
      ...{ name, state, deaths },
      pid: isAlive(process) ? process.pid : null,
      lastEnd: says ?? null,
    }));
    const state = stateOf(running);
    const rows = services.map(({ name, state, pid, deaths, lastEnd }) => [
      ...[name, state, pid ?? '–', deaths],
      lastEnd === null ? '' : `the last process ${lastEnd}`,
    ]);
    return {
      json: { state, pid: running?.supervisor.pid ?? null, services },
      text:
        running === undefined
          ? `Nothing runs on ${dataDir}.`
          : `Duet on ${dataDir} is ${state} (process ${running.supervisor.pid}).\n\n${table(['service', 'state', 'process', 'deaths in a row', ''], rows)}`,
    };
  });
}
