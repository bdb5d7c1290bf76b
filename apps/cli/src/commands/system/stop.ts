import type { Command } from 'commander';
import { job } from '../../context.ts';
import { endOrphans, endProcess, findRunning } from '../../start/running.ts';

export function stopCommand(program: Command): void {
  const command = program
    .command('stop')
    .description('stop the Duet that runs on this data folder, and all its services');
  job(command, 'stop', async ({ config }) => {
    const { dataDir, drainMs } = config;
    const running = findRunning(dataDir);
    if (running === undefined) {
      const orphans = await endOrphans(config);
      const text = orphans.length > 0 ? `Stopped what was left: ${orphans.join(', ')}.` : `Nothing runs on ${dataDir}.`;
      return { json: { stopped: orphans.length > 0 }, text };
    }
    await endProcess(running.supervisor, drainMs + 60_000);
    return { json: { stopped: true, pid: running.supervisor.pid }, text: 'Stopped.' };
  });
}
