import { DuetError } from '@duet/base';
import type { Command } from 'commander';
import { job } from '../../context.ts';
import { findRunning } from '../../start/running.ts';

/** `duet database repair` */
export function databaseCommand(program: Command): void {
  const group = program
    .command('database')
    .description('the embedded database: open it again where its postgres.json was lost')
    .addHelpText('after', '\nEvery subcommand takes --json.\nExample:\n  $ npx duet database repair');
  job(
    group.command('repair').description('give the database a new password and write postgres.json anew; data stay'),
    'database repair',
    async ({ config }) => {
      if (config.databaseUrl !== undefined) {
        throw new DuetError('bad-input', 'DATABASE_URL is set, so the database is not the embedded one.');
      }
      const running = findRunning(config.dataDir);
      if (running !== undefined) {
        throw new DuetError('conflict', `Duet runs on ${config.dataDir} (process ${running.supervisor.pid}).`, {
          fix: 'Stop it first: npx duet stop.',
        });
      }
      const { repairCluster } = await import('@duet/db');
      const folder = await repairCluster(config);
      return {
        json: { folder, repaired: true },
        text: `The database in ${folder} has a new password and can be opened.`,
      };
    },
  );
}
