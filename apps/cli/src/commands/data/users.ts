import { readdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { DuetError } from '@duet/base';
import type { Command } from 'commander';
import { table } from '../../answer.ts';
import { actor, type Context, job } from '../../context.ts';
import { findDataset } from '../../find.ts';

interface Named {
  dataset?: string;
}

/** What the imported data say of a user: rows of the log, and attributes. */
async function importedOf(
  ctx: { db: Awaited<ReturnType<Context['database']>>; dataDir: string },
  datasetId: string,
  userId: string,
) {
  const { loadInteractions, loadUsers } = await import('@duet/datasets');
  const data = await loadInteractions(ctx, datasetId);
  const row = data.users.indexOf(userId);
  if (row < 0) return { interactions: [], attributes: {} };
  const { attributes } = await loadUsers(ctx, datasetId);
  const interactions = [...data.user.keys()]
    .filter((at) => data.user[at] === row)
    .map((at) => ({ itemId: data.items[data.item[at]!]!, time: data.time[at]!, weight: data.weight[at]! }));
  return {
    interactions,
    attributes: Object.fromEntries(Object.entries(attributes).map(([name, values]) => [name, values[row]!])),
  };
}

/** Takes the rows that name a user out of the lists of rejected rows. @returns how many */
async function forgetRejected(dataDir: string, datasetId: string, userId: string): Promise<number> {
  const folder = path.join(dataDir, 'datasets', datasetId);
  const files = (await readdir(folder, { recursive: true }).catch(() => [])).filter((name) =>
    /rejected.*\.jsonl$/.test(name),
  );
  const escaped = userId.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  const names = new RegExp(`(?<![\\w-])${escaped}(?![\\w-])`);
  let removed = 0;
  for (const name of files) {
    const file = path.join(folder, name);
    const lines = (await readFile(file, 'utf8')).split('\n');
    const kept = lines.filter((line) => !names.test(line));
    if (kept.length === lines.length) continue;
    removed += lines.length - kept.length;
    await writeFile(`${file}.tmp`, kept.join('\n'), { mode: 0o600, flush: true });
    await rename(`${file}.tmp`, file);
  }
  return removed;
}

export function usersCommand(program: Command): void {
  const users = program.command('users').description('what is kept of a customer: tell it, or erase it');
  const exported = users
    .command('export <id>')
    .description('everything that is kept of a customer (GDPR, article 15)')
    .option('--dataset <dataset>', 'name or id; the only one where it is left out');
  job<Named>(exported, 'users export 17850 --dataset shop --json', async (context, { dataset: named }, command) => {
    const { exportPerson } = await import('@duet/experiments');
    const db = await context.database();
    const { id: datasetId, name } = await findDataset(db, named);
    const userId = command.args[0]!;
    const imported = await importedOf({ db, dataDir: context.config.dataDir }, datasetId, userId);
    const rows = await exportPerson(db, { datasetId, userId });
    const counts = [
      ['imported interactions', imported.interactions.length],
      ...Object.entries(rows).map(([of, found]) => [of, found.length]),
    ];
    return {
      json: { userId, dataset: name, imported, ...rows },
      text: `${table(['what', 'rows'], counts)}\n--json tells the rows themselves.`,
    };
  });
  const forgotten = users
    .command('forget <id>')
    .description('erase what is kept of a customer (GDPR, article 17), and say what is still to be done')
    .option('--dataset <dataset>', 'name or id; the only one where it is left out')
    .option('--yes', 'really erase it: nothing brings it back');
  job<Named & { yes?: boolean }>(
    forgotten,
    'users forget 17850 --dataset shop --yes',
    async (context, options, command) => {
      const { fingerprintOf, forgetPerson } = await import('@duet/experiments');
      const db = await context.database();
      const { dataDir } = context.config;
      const { id: datasetId, name } = await findDataset(db, options.dataset);
      const person = { datasetId, userId: command.args[0]! };
      if (options.yes !== true) {
        throw new DuetError('bad-input', 'Nothing was erased: what is erased cannot be had back.', {
          fix: 'npx duet users export shows what there is; --yes erases it.',
        });
      }
      const { removed, left } = await forgetPerson(db, person, { actor: actor() });
      const rejected = await forgetRejected(dataDir, datasetId, person.userId);
      const { interactions } = await importedOf({ db, dataDir }, datasetId, person.userId);
      const remaining = [
        ...(interactions.length > 0
          ? [
              `${interactions.length} interactions of the imported files, and the models that were trained on them: import the dataset anew without the customer (npx duet import --replace), and train again.`,
            ]
          : []),
        'The retrieval service remembers what they did lately until it is started again.',
        'Backups hold it until they go, by DUET_BACKUP_KEEP.',
      ];
      const all = { ...removed, 'rejected rows': rejected };
      return {
        json: { dataset: name, fingerprint: fingerprintOf(person), removed: all, left, remaining },
        text: `${table(['removed from', 'rows'], Object.entries(all))}\n\nStill there:\n${remaining.map((line) => `- ${line}`).join('\n')}`,
      };
    },
  );
}
