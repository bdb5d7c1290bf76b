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
      const { forgetUser } = await import('@duet/datasets');
      const { models, anonymised, ...files } = await forgetUser({ db, dataDir }, datasetId, person.userId);
      const remaining = [
        ...models.map(
          ({ id, name: model }) =>
            `The model ${model} (${id}) lists the customer: train again, and npx duet models remove it.`,
        ),
        'The retrieval service remembers what they did lately until it is started again.',
        'Backups hold it until they go, by DUET_BACKUP_KEEP.',
      ];
      const { interactions, parts, attributes, rejected } = files;
      const all = {
        ...removed,
        ...{ interactions, parts, attributes, 'rejected rows': rejected, 'names in older snapshots': anonymised },
      };
      return {
        json: { dataset: name, fingerprint: fingerprintOf(person), removed: all, left, models, remaining },
        text: `${table(['removed from', 'rows'], Object.entries(all))}\n\nStill there:\n${remaining.map((line) => `- ${line}`).join('\n')}`,
      };
    },
  );
}
