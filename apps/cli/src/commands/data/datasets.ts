import { DuetError } from '@duet/base';
import type { Command } from 'commander';
import { table } from '../../answer.ts';
import { actor, job, working } from '../../context.ts';
import { findDataset } from '../../find.ts';

export function datasetsCommand(program: Command): void {
  const command = program.command('datasets').description('list the imported datasets');
  removeCommand(command);
  job(command, 'datasets', async ({ database }) => {
    const { prisma } = await database();
    const rows = await prisma.dataset.findMany({ orderBy: { createdAt: 'desc' } });
    const datasets = rows.map(
      ({ id, name, status, interactions, users, items, rejected, firstAt, lastAt, attribution }) => ({
        datasetId: id,
        name,
        status,
        rows: interactions,
        users,
        items,
        rejected,
        firstAt,
        lastAt,
        attribution,
      }),
    );
    return {
      json: { datasets },
      text:
        datasets.length === 0
          ? 'There are no datasets yet: npx duet import --help.'
          : table(
              ['id', 'name', 'status', 'interactions', 'users', 'items', 'rejected'],
              datasets.map((row) => [
                row.datasetId,
                row.name,
                row.status,
                row.rows,
                row.users,
                row.items,
                row.rejected,
              ]),
            ),
    };
  });
}

/** `duet datasets remove`. */
function removeCommand(datasets: Command): void {
  const command = datasets
    .command('remove <name>')
    .description('delete a dataset with all that hangs on it; says what that is, and does it with --yes')
    .option('--yes', 'do it');
  job<{ yes?: boolean }>(command, 'datasets remove old-shop --yes', async (context, { yes = false }) => {
    const { contentsOfDataset, removeDataset } = await import('@duet/pipeline/control');
    const { db, dataDir } = await working(context);
    const dataset = await findDataset(db, command.args[0]);
    const contents = await contentsOfDataset(db, dataset);
    const list = Object.entries(contents)
      .filter(([, n]) => n > 0)
      .map(([what, n]) => `${n} ${what}`);
    const what = `"${dataset.name}" with ${dataset.interactions} interactions: ${list.join(', ')}, and its events`;
    if (!yes) {
      throw new DuetError('conflict', `This would delete ${what}.`, {
        fix: `Say that it is meant: npx duet datasets remove ${dataset.name} --yes.`,
      });
    }
    await removeDataset({ db, dataDir }, dataset, { actor: actor() });
    return { json: { removed: dataset.name, datasetId: dataset.id, ...contents }, text: `Deleted ${what}.` };
  });
}
