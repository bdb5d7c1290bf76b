import { DuetError } from '@duet/base';
import type { Command } from 'commander';
import { table } from '../../answer.ts';
import { actor, job, working } from '../../context.ts';
import { findDataset } from '../../find.ts';

interface Named {
  dataset?: string;
}

export function usersCommand(program: Command): void {
  const users = program.command('users').description('what is kept of a customer: tell it, or erase it');
  const exported = users
    .command('export <id>')
    .description('everything that is kept of a customer (GDPR, article 15)')
    .option('--dataset <dataset>', 'name or id; the only one where it is left out');
  job<Named>(exported, 'users export 17850 --dataset shop --json', async (context, { dataset: named }, command) => {
    const { exportCustomer } = await import('@duet/experiments');
    const { db, dataDir } = await working(context);
    const { id: datasetId, name } = await findDataset(db, named);
    const person = { datasetId, userId: command.args[0]! };
    const { userId, imported, ...rows } = await exportCustomer({ db, dataDir }, person, { actor: actor() });
    const counts = [
      ['imported interactions', imported.interactions.length],
      ['waiting interactions', imported.pending.length],
      ...Object.entries(rows).map(([of, found]) => [of, (found as unknown[]).length]),
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
      const { beginErasure, remaining: readRemaining, runErasure } = await import('@duet/experiments');
      const { db, dataDir } = await working(context);
      const { id: datasetId, name } = await findDataset(db, options.dataset);
      if (options.yes !== true) {
        throw new DuetError('bad-input', 'Nothing was erased: what is erased cannot be had back.', {
          fix: 'npx duet users export shows what there is; --yes erases it.',
        });
      }
      const begun = await beginErasure(db, { datasetId, userId: command.args[0]! }, { actor: actor() });
      const { id: erasureId, fingerprint, ...proof } = await runErasure({ db, dataDir }, begun.id);
      const removed = proof.removed as Record<string, number>;
      const remaining = readRemaining.parse(proof.remaining);
      const lines = remaining.map(({ what, until }) => `- ${what} ${until}`);
      return {
        json: { dataset: name, erasureId, fingerprint, removed, left: proof.left, remaining },
        text: `${table(['removed from', 'rows'], Object.entries(removed))}\n\nStill there:\n${lines.join('\n')}`,
      };
    },
  );
}
