import { DuetError } from '@duet/base';
import { type Command, Option } from 'commander';
import { table } from '../../answer.ts';
import { actor, job, working } from '../../context.ts';
import { findDataset } from '../../find.ts';
import { readInteger, readSetting } from '../../options.ts';

export function datasetsCommand(program: Command): void {
  const command = program.command('datasets').description('list the imported datasets');
  setCommand(command);
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

interface Settings {
  language?: string;
  demoteAfter?: number;
  event: Record<string, unknown>;
  hides?: string[];
  dropEvent?: string[];
  keepDays: Record<string, unknown>;
  outOfStock?: 'show' | 'hide';
}

/** `duet datasets set`. */
function setCommand(datasets: Command): void {
  const command = datasets
    .command('set <name>')
    .description('what a shop decides about its lists and events, and, with nothing to set, what it has decided')
    .option('--language <tag>', 'in which shoppers are told why an item is there: en, de')
    .option('--demote-after <n>', 'impressions without a click after which an item is demoted; 0: never', readInteger)
    .option(
      '--event <name=weight>',
      'an event type of its own; a purchase weighs 1, below zero is unwanted',
      readSetting,
      {},
    )
    .option('--hides <names...>', 'of the types given: those that hide the item from the user')
    .option('--drop-event <names...>', 'event types that there shall be no more')
    .option('--keep-days <type=days>', 'days that logged events of a type are kept, 90 at most', readSetting, {})
    .addOption(
      new Option('--out-of-stock <what>', 'what lists do with items that are out of stock').choices(['show', 'hide']),
    );
  job<Settings>(command, 'datasets set my-shop --language de --event wishlist=0.5', async ({ database }, options) => {
    const { mostKeptDays, setStorefront, storefrontOf } = await import('@duet/datasets');
    const db = await database();
    const dataset = await findDataset(db, command.args[0]);
    const { language, demoteAfter, event, hides = [], dropEvent = [], keepDays, outOfStock } = options;
    const before = await storefrontOf(db, dataset.id);
    const given = Object.entries(event).map(([name, weight]) => ({
      ...{ name, weight: weight as number, hides: hides.includes(name) },
    }));
    const gone = new Set([...dropEvent, ...Object.keys(event)]);
    const eventTypes = [...before.eventTypes.filter(({ name }) => !gone.has(name)), ...given];
    const changes = given.length > 0 || dropEvent.length > 0;
    const isKept = Object.keys(keepDays).length > 0;
    const showOutOfStock = outOfStock && outOfStock === 'show';
    const patch = {
      ...{ language, demoteAfter, showOutOfStock },
      ...(changes && { eventTypes }),
      ...(isKept && { keepDays: { ...before.keepDays, ...(keepDays as Record<string, number>) } }),
    };
    const isChanged = Object.values(patch).some((value) => value !== undefined);
    const settings = isChanged ? await setStorefront(db, dataset.id, patch, { actor: actor() }) : before;
    const types = settings.eventTypes.map(
      ({ name, weight, hides: hidden }) => `${name} ${weight}${hidden ? ', hides' : ''}`,
    );
    const rows = [
      ['language', settings.language],
      ['demote after', settings.demoteAfter === 0 ? 'never' : `${settings.demoteAfter} impressions without a click`],
      ['out of stock', settings.showOutOfStock ? 'shown' : 'hidden'],
      [
        'events kept',
        [...Object.entries(settings.keepDays), ['others', mostKeptDays]]
          .map(([type, days]) => `${type} ${days} days`)
          .join('; '),
      ],
      ['own events', types.length === 0 ? 'none' : types.join('; ')],
    ];
    return { json: { datasetId: dataset.id, ...settings }, text: table(['setting', `of ${dataset.name}`], rows) };
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
