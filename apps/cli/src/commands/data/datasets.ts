import type { Command } from 'commander';
import { table } from '../../answer.ts';
import { job } from '../../context.ts';

export function datasetsCommand(program: Command): void {
  const command = program.command('datasets').description('list the imported datasets');
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
