import { DuetError } from '@duet/base';
import type { Command } from 'commander';
import { table } from '../../answer.ts';
import { actor, job, working } from '../../context.ts';
import { findDataset } from '../../find.ts';

export function partsCommand(program: Command): void {
  const command = program.command('parts').description('list what a dataset is made of: files, and windows of events');
  removeCommand(command);
  command.option('--dataset <name>', 'name or id of the dataset');
  job<{ dataset?: string }>(command, 'parts --dataset online-retail', async ({ database }, options) => {
    const { partsOf } = await import('@duet/datasets');
    const db = await database();
    const { id, name } = await findDataset(db, options.dataset);
    const parts = (await partsOf(db, id)).map(({ id: part, bytes, ...row }) => ({
      ...{ part, source: row.source, origin: row.origin, interactions: row.interactions, duplicates: row.duplicates },
      ...{ bytes: Number(bytes), firstAt: row.firstAt, lastAt: row.lastAt, createdAt: row.createdAt },
    }));
    const day = (date: Date | null) => date?.toISOString().slice(0, 10) ?? '–';
    return {
      json: { dataset: name, parts },
      text: table(
        ['part', 'source', 'added', 'interactions', 'left out', 'from', 'to'],
        parts.map(({ part, source, createdAt, interactions, duplicates, firstAt, lastAt }) => [
          ...[part, source, day(createdAt), interactions, duplicates, day(firstAt), day(lastAt)],
        ]),
      ),
    };
  });
}

/** `duet parts remove`. */
function removeCommand(parts: Command): void {
  const command = parts
    .command('remove <part>')
    .description('take a part out, as after a broken export; says what it is, and does it with --yes')
    .option('--dataset <name>', 'name or id of the dataset')
    .option('--yes', 'do it');
  const example = 'parts remove 0199d3a0-5b1c-7000-8000-000000000000 --dataset online-retail --yes';
  job<{ dataset?: string; yes?: boolean }>(command, example, async (context, { dataset: named, yes = false }) => {
    const { partsOf, removePart } = await import('@duet/datasets');
    const ctx = await working(context);
    const dataset = await findDataset(ctx.db, named);
    const part = command.args[0]!;
    const known = (await partsOf(ctx.db, dataset.id)).find(({ id }) => id === part);
    if (known !== undefined && !yes) {
      throw new DuetError('conflict', `This would take ${known.interactions} interactions out of "${dataset.name}".`, {
        fix: `Say that it is meant: npx duet parts remove ${part} --dataset ${dataset.name} --yes.`,
      });
    }
    const { snapshotId, part: gone } = await removePart(ctx, dataset.id, part, { actor: actor() });
    return {
      json: { removed: part, interactions: gone.interactions, snapshot: snapshotId },
      text: `Took ${gone.interactions} interactions out of "${dataset.name}"; snapshot ${snapshotId} is without them.`,
    };
  });
}
