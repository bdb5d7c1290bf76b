import type { Command } from 'commander';
import { job } from '../../context.ts';

export function migrateCommand(program: Command): void {
  const command = program
    .command('migrate')
    .description('bring the database to the newest migration, and the data folder with it');
  job(command, 'migrate', async ({ config }) => {
    const { migrate, openDatabase } = await import('@duet/db');
    await using db = await openDatabase(config);
    const applied = await migrate(db);
    const { adoptOldFolders } = await import('@duet/datasets');
    await adoptOldFolders({ db, dataDir: config.dataDir });
    return {
      json: { applied },
      text: applied.length === 0 ? 'Nothing to apply.' : `Applied ${applied.join(', ')}.`,
    };
  });
}
