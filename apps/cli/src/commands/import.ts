import { DuetError } from '@duet/base';
import type { ImportRequest } from '@duet/datasets';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { job, working } from '../context.ts';
import { readInteger } from '../options.ts';

/** The roles that a column can be given, each as `--<role>` and `--<role>-col`. */
const roles = {
  user: "the user's id",
  item: "the item's id",
  time: 'when: Unix seconds or milliseconds, or ISO 8601',
  position: 'the order within a user, where there is no time',
  event: 'what happened: purchase, view …',
  quantity: 'how many; negative for a cancellation',
  price: 'price of one, in major units',
  value: "the row's value, in major units; price × quantity by default",
  order: "the order's id",
  title: "the item's title",
  category: "the item's category",
  split: 'the row\'s part: train, validation or test, for the split "given"',
  stock: 'of the items file: how many there are, or whether there are any',
} as const satisfies Record<keyof NonNullable<ImportRequest['columns']>, string>;

type Role = keyof typeof roles;

/** `name=file:id column:value column` */
function readList(text: string, before: Lists): Lists {
  const [, name, file, id, value] = /^([^=]+)=(.+):([^:]+):([^:]+)$/.exec(text) ?? [];
  if (!name || !file || !id || !value) {
    throw new InvalidArgumentError(
      'It must be name=file:id column:value column, such as artists=plays.csv:user:artist.',
    );
  }
  return { ...before, [name]: { file, id, value } };
}

type Lists = NonNullable<ImportRequest['userLists']>;

type Options = { [R in Role as `${R}Col`]?: string } & {
  request?: string;
  name?: string;
  interactions?: string;
  items?: string;
  users?: string;
  format?: ImportRequest['format'];
  left?: ImportRequest['left'];
  right?: ImportRequest['right'];
  symmetric?: boolean;
  userList: Lists;
  itemList: Lists;
  context?: string[];
  eventWeight: Record<string, number>;
  cancellations?: ImportRequest['cancellations'];
  duplicates?: ImportRequest['duplicates'];
  minUser?: number;
  minItem?: number;
  strict?: boolean;
  replace?: boolean;
  currency?: string;
  description?: string;
  attribution?: string;
};

function readWeight(text: string, before: Record<string, number>): Record<string, number> {
  const [event, weight] = text.split('=');
  if (!event || !weight || !Number.isFinite(Number(weight))) {
    throw new InvalidArgumentError('It must be event=weight, such as view=0.1.');
  }
  return { ...before, [event]: Number(weight) };
}

/**
 * The options as the importer is asked, over what the request file says; the rest is left to its defaults.
 *
 * @throws DuetError `bad-input` where neither says the name or the interactions
 */
function requestOf(options: Options, file: Partial<ImportRequest>): ImportRequest {
  const given = (Object.keys(roles) as Role[]).flatMap((role) => {
    const column = options[`${role}Col`];
    return column === undefined ? [] : [[role, column] as const];
  });
  const { items, users, left, right, symmetric, context, format, cancellations, duplicates, strict, replace } = options;
  const { currency, description, attribution, minUser, minItem, eventWeight } = options;
  const { name = file.name, interactions = file.interactions } = options;
  if (name === undefined || interactions === undefined) {
    throw new DuetError('bad-input', `It takes --${name === undefined ? 'name' : 'interactions'}.`, {
      fix: 'Give --name and --interactions, or a --request file that has both.',
    });
  }
  const plain = {
    items,
    users,
    left,
    right,
    symmetric,
    context,
    format,
    cancellations,
    duplicates,
    strict,
    replace,
    currency,
    description,
    attribution,
  };
  return {
    ...file,
    ...Object.fromEntries(Object.entries(plain).filter(([, value]) => value !== undefined)),
    name,
    interactions,
    columns: { ...file.columns, ...Object.fromEntries(given) },
    userLists: { ...file.userLists, ...options.userList },
    itemLists: { ...file.itemLists, ...options.itemList },
    ...(Object.keys(eventWeight).length > 0 && { eventWeights: eventWeight }),
    ...((minUser !== undefined || minItem !== undefined) && { kCore: { user: minUser, item: minItem } }),
  };
}

export function importCommand(program: Command): void {
  const command = program
    .command('import')
    .description('import a dataset from CSV, TSV, JSONL or Parquet, each also with .gz')
    .option('--request <file>', 'all of this as JSON, such as examples/online-retail/import.json; options go over it')
    .option('--name <name>', "the dataset's name")
    .option('--interactions <file>', 'one row an interaction: user, item and, if known, time, event, price …')
    .option('--items <file>', 'one row an item: id, title, category, price; other columns become attributes')
    .option('--users <file>', 'one row a user or query: id, title; other columns become attributes')
    .addOption(new Option('--left <side>', 'who asks; user by default').choices(['user', 'query']))
    .addOption(new Option('--right <side>', 'what is found; item by default').choices(['item', 'user']))
    .option('--symmetric', 'users with users: every interaction holds in both directions')
    .option('--user-list <list>', 'name=file:id column:value column, a multi-valued attribute of users', readList, {})
    .option('--item-list <list>', 'the same of items', readList, {})
    .option('--context <column...>', 'columns of the interactions that say in what situation each happened');
  for (const [role, meaning] of Object.entries(roles)) {
    command.option(`--${role}, --${role}-col <column>`, `column of ${meaning}`);
  }
  command
    .addOption(
      new Option('--format <format>', "by default the file's name tells").choices(['csv', 'tsv', 'jsonl', 'parquet']),
    )
    .option(
      '--event-weight <event=weight>',
      'weight of an event, any number of times; other events are left out',
      readWeight,
      {},
    )
    .addOption(
      new Option('--cancellations <how>', 'what a cancellation does to its purchase').choices(['ignore', 'subtract']),
    )
    .addOption(
      new Option('--duplicates <how>', 'what to do with rows equal to an earlier one').choices(['keep', 'drop']),
    )
    .option('--min-user <n>', 'least interactions of every user (k-core)', readInteger)
    .option('--min-item <n>', 'least interactions of every item (k-core)', readInteger)
    .option('--currency <code>', 'ISO 4217 code of all prices')
    .option('--description <text>', 'what the data are')
    .option('--attribution <text>', 'source, author and licence, shown wherever the data are')
    .option('--strict', 'refuse the import if any row is malformed')
    .option('--replace', 'put it in the place of a dataset of the same name, whose models go with it');
  const example = 'import --name shop --interactions orders.csv.gz --items products.csv --user customer --item-col sku';
  job<Options>(command, example, async (context, options) => {
    const { importDataset, readImportRequest } = await import('@duet/datasets');
    const file = options.request === undefined ? {} : await readImportRequest(options.request);
    const result = await importDataset(await working(context), requestOf(options, file));
    const { datasetId, rows, users, items, rejected } = result;
    return {
      json: result,
      text: `Dataset ${datasetId}: ${rows} interactions of ${users} users with ${items} items; ${rejected} malformed rows left out${rejected > 0 ? ` (${context.config.dataDir}/datasets/${datasetId}/rejected.jsonl)` : ''}.`,
    };
  });
}
