import type { Command } from 'commander';
import { job, working } from '../../context.ts';

/** `duet backup FILE` */
export function backupCommand(program: Command): void {
  const command = program
    .command('backup')
    .argument('<file>', 'the backup to write, such as shop.tar.zst')
    .description('back up the database, the data folder and its keys into one file, while everything runs');
  job<object>(command, 'backup /backups/shop.tar.zst', async (context, _options, { args: [file] }) => {
    const { backUp } = await import('@duet/backup');
    const made = await backUp(await working(context), file!);
    const missing = made.missing.map((folder) => `\n✘ ${folder}, which the database names, is not in the data folder.`);
    return {
      json: made,
      text: `${made.file}: ${made.entries} entries, ${megabytes(made.bytes)} before compression. It holds keys and customers' data: keep it where nobody else reads it.${missing.join('')}`,
    };
  });
}

/** `duet restore FILE` */
export function restoreCommand(program: Command): void {
  const command = program
    .command('restore')
    .argument('<file>', 'a backup that duet backup made')
    .description('restore a backup into an empty data folder, and an empty database where DATABASE_URL names one')
    .option('--check', 'only read it through and compare its checksums');
  job<{ check?: boolean }>(
    command,
    'restore /backups/shop.tar.zst --data-dir ~/restored',
    async ({ config, signal }, { check }, { args: [file] }) => {
      const { checkBackup, restore } = await import('@duet/backup');
      const { createdAt, entries } = check
        ? await checkBackup(file!, signal)
        : await restore({ config, signal }, file!);
      const what = `The backup of ${createdAt} (${entries} entries)`;
      return {
        json: { createdAt, entries, restored: !check, dataDir: check ? null : config.dataDir },
        text: check ? `${what} is whole.` : `${what} is restored into ${config.dataDir}: npx duet start serves it.`,
      };
    },
  );
}

const megabytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MB`;
