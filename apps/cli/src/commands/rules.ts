import type { RuleInput } from '@duet/ranking/rules';
import { type Command, Option } from 'commander';
import { minute, table } from '../answer.ts';
import { actor, job } from '../context.ts';
import { findDataset } from '../find.ts';

interface RuleRequest {
  dataset?: string;
  item?: string;
  category?: string;
  placement?: string;
  place?: string;
  factor?: string;
  from?: string;
  until?: string;
  note?: string;
}

/** The values of `RuleInput.kind`, which are not loaded just to print help. */
const kinds: RuleInput['kind'][] = ['pin', 'boost', 'bury', 'block'];

export function rulesCommand(program: Command): void {
  const rules = program
    .command('rules')
    .description('what the shop wants of every list, in every arm: pin, boost, bury and block items or categories');

  const list = rules.command('list').description('list them').option('--dataset <name>', 'name or id of the dataset');
  job<{ dataset?: string }>(list, 'rules list', async ({ database }, options) => {
    const { listRules } = await import('@duet/ranking/rules');
    const db = await database();
    const found = await listRules(db, (await findDataset(db, options.dataset)).id);
    const rows = found.map((rule) => [
      rule.id,
      rule.kind,
      rule.itemId ?? `category ${rule.category}`,
      rule.place ?? rule.factor ?? '',
      rule.placement ?? 'everywhere',
      `${minute(rule.startsAt, '')} – ${minute(rule.endsAt, '')}`,
      rule.enabled ? 'on' : 'off',
      rule.note,
    ]);
    const text = table(['id', 'rule', 'concerns', 'place or factor', 'placement', 'when', '', 'note'], rows);
    return { json: { rules: found }, text: found.length === 0 ? 'There are no rules.' : text };
  });

  const add = rules.command('add').description('add one');
  for (const kind of kinds) {
    const command = add
      .command(kind)
      .description(
        {
          pin: 'always at a place of the recommendations',
          boost: 'earlier, in every list',
          bury: 'later, in every list',
          block: 'never shown',
        }[kind],
      )
      .option('--dataset <name>', 'name or id of the dataset')
      .option('--item <id>', "the shop's id of an item")
      .option('--placement <name>', 'where it applies; everywhere when left out')
      .option('--from <time>', 'ISO 8601; from now on when left out')
      .option('--until <time>', 'ISO 8601; until it is removed when left out')
      .option('--note <text>', 'why');
    if (kind !== 'pin') command.option('--category <name>', 'all items of a category');
    if (kind === 'pin') command.addOption(new Option('--place <number>', 'from 1').makeOptionMandatory());
    if (kind === 'boost' || kind === 'bury') command.option('--factor <number>', 'what the score is multiplied with');
    job<RuleRequest>(
      command,
      `rules add ${kind} --item 22086${kind === 'pin' ? ' --place 1' : ''}`,
      async (context, options) => {
        const { createRule } = await import('@duet/ranking/rules');
        const db = await context.database();
        const {
          dataset,
          item: itemId,
          from: startsAt,
          until: endsAt,
          category,
          placement,
          place,
          factor,
          note,
        } = options;
        const input = { kind, itemId, category, placement, place, factor, startsAt, endsAt, note };
        const rule = await createRule(db, (await findDataset(db, dataset)).id, input, { actor: actor() });
        return { json: { rule }, text: `Rule ${rule.id}: the services keep it within seconds.` };
      },
    );
  }

  const remove = rules.command('remove <id>').description('remove one');
  job(remove, 'rules remove 01a210b7-8e93-77d7-872d-b9ffc9e27b2d', async ({ database }, _options, command) => {
    const { deleteRule } = await import('@duet/ranking/rules');
    const id = command.args[0]!;
    await deleteRule(await database(), id, { actor: actor() });
    return { json: { removed: id }, text: `Removed ${id}.` };
  });
}
