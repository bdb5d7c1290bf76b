import { DuetError } from '@duet/base';
import type { ImportRequest } from '@duet/datasets';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { job, working } from '../../context.ts';
import { readInteger } from '../../options.ts';
import { importText } from './import-text.ts';

/** The roles that a column can be given, each as `--<role>` and `--<role>-col`. */
const roles = {
  user: "the user's id",
  item: "the item's id",
  time: 'when, in any notation',
  position: 'the order within a user, where there is no time',
  event: 'what happened: purchase, view …',
  quantity: 'how many; negative for a cancellation',
  price: 'price of one, in major units',
  value: "the row's value, in major units; price × quantity by default",
  order: "the order's id",
  rating: 'how much the user liked it',
  currency: 'the currency of the row',
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

type Options = { [R in Role as `${R}Col`]?: string } & Partial<
  Omit<
    ImportRequest,
    | 'columns'
    | 'itemColumns'
    | 'userColumns'
    | 'userLists'
    | 'itemLists'
    | 'header'
    | 'encoding'
    | 'timeFormats'
    | 'kCore'
  >
> & {
    request?: string;
    userList: Lists;
    itemList: Lists;
    eventWeight: Record<string, number>;
    /** False for a file without a header line. */
    headerLine?: boolean;
    columns?: string[];
    itemsColumns?: string[];
    usersColumns?: string[];
    encoding?: string;
    timeFormat: string[];
    minUser?: number;
    minItem?: number;
    header: Record<string, string>;
    dryRun?: boolean;
    replace?: boolean;
  } & Record<string, unknown>;

function readWeight(text: string, before: Record<string, number>): Record<string, number> {
  const [event, weight] = text.split('=');
  if (!event || !weight || !Number.isFinite(Number(weight))) {
    throw new InvalidArgumentError('It must be event=weight, such as view=0.1.');
  }
  return { ...before, [event]: Number(weight) };
}

/** `Name: value`, as in HTTP. */
function readHeader(text: string, before: Record<string, string>): Record<string, string> {
  const [, name, value] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):\s*(.*)$/.exec(text) ?? [];
  if (!name) throw new InvalidArgumentError('It must be "Name: value", such as "Authorization: Bearer …".');
  return { ...before, [name.toLowerCase()]: value! };
}

const readNames = (text: string): string[] => text.split(',').map((name) => name.trim());

function readNumber(text: string): number {
  const number = Number(text);
  if (text.trim() === '' || !Number.isFinite(number)) throw new InvalidArgumentError('It must be a number.');
  return number;
}

/** Options that go into the request as they are. */
const asTheyAre = [
  ...([
    'items',
    'users',
    'as',
    'left',
    'right',
    'symmetric',
    'context',
    'format',
    'delimiter',
    'decimal',
    'timeZone',
  ] as const),
  ...([
    'sheet',
    'where',
    'minRating',
    'cancellations',
    'duplicates',
    'catalogue',
    'showOutOfStock',
    'strict',
    'allowWithdraw',
    'currency',
  ] as const),
  ...(['description', 'attribution'] as const),
];

/** Columns of the items or users file that have been named, each as `--<table>-<role>`. */
const columnsOf = (options: Options, table: 'items' | 'users', of: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    of.flatMap((role) => {
      const column = options[`${table}${role[0]!.toUpperCase()}${role.slice(1)}`];
      return typeof column === 'string' ? [[role, column]] : [];
    }),
  );

/**
 * The options as the importer is asked, over what the request file says; the rest is left to its defaults.
 *
 * @throws DuetError `bad-input` where neither says the name or the interactions
 */
async function requestOf(options: Options, file: Partial<ImportRequest>): Promise<ImportRequest> {
  const { readEncoding, replaces, rolesOf } = await import('@duet/datasets');
  const given = (Object.keys(roles) as Role[]).flatMap((role) => {
    const column = options[`${role}Col`];
    return column === undefined ? [] : [[role, column] as const];
  });
  const { minUser, minItem, eventWeight, encoding, timeFormat } = options;
  const { into = file.into, interactions = file.interactions } = options;
  const name = into === undefined ? (options.name ?? file.name ?? (options.dryRun ? 'preview' : undefined)) : undefined;
  if (options.replace) throw replaces();
  if ((name ?? into) === undefined || interactions === undefined) {
    throw new DuetError('bad-input', `It takes --${(name ?? into) === undefined ? 'name' : 'interactions'}.`, {
      fix: 'Give --name (or --into) and --interactions, or a --request file that has both.',
    });
  }
  return {
    ...file,
    ...Object.fromEntries(asTheyAre.map((key) => [key, options[key]]).filter(([, value]) => value !== undefined)),
    name,
    into,
    interactions,
    columns: { ...file.columns, ...Object.fromEntries(given) },
    itemColumns: { ...file.itemColumns, ...columnsOf(options, 'items', rolesOf.items) },
    userColumns: { ...file.userColumns, ...columnsOf(options, 'users', rolesOf.users) },
    userLists: { ...file.userLists, ...options.userList },
    itemLists: { ...file.itemLists, ...options.itemList },
    ...(options.headerLine === false && { header: false }),
    ...(options.columns && { header: false, columnNames: options.columns }),
    ...(options.itemsColumns && { itemColumnNames: options.itemsColumns }),
    ...(options.usersColumns && { userColumnNames: options.usersColumns }),
    ...(encoding !== undefined && { encoding: readEncoding(encoding) }),
    ...(timeFormat.length > 0 && { timeFormats: timeFormat }),
    ...(Object.keys(eventWeight).length > 0 && { eventWeights: eventWeight }),
    ...((minUser !== undefined || minItem !== undefined) && { kCore: { user: minUser, item: minItem } }),
  };
}

/** `--no-header` is about the file's first line, `--header` about HTTP. */
class HeaderLine extends Option {
  override attributeName(): string {
    return 'headerLine';
  }
}

/** Options for how the files are written. */
function addTextOptions(command: Command): void {
  command
    .option(
      '--as <form>',
      'the form of the files, such as shopify, or a JSON file with one; their headers tell it by default',
    )
    .addOption(
      new Option('--format <format>', "by default the files' beginning tells").choices([
        'csv',
        'tsv',
        'json',
        'jsonl',
        'parquet',
        'xlsx',
        'xml',
      ]),
    )
    .addOption(new HeaderLine('--no-header', 'the interactions have no header line'))
    .option(
      '--columns <names>',
      'names for the columns of interactions without a header, separated by commas',
      readNames,
    )
    .option('--items-columns <names>', 'the same of the items file', readNames)
    .option('--users-columns <names>', 'the same of the users file', readNames)
    .option('--delimiter <text>', 'between the fields, such as ; or tab or ::')
    .option('--encoding <name>', 'utf-8, utf-16le, utf-16be, windows-1252 or latin-1')
    .addOption(new Option('--decimal <mark>', 'the decimal mark of numbers').choices(['.', ',']))
    .option(
      '--time-format <format>',
      'of times, any number of times: as in strptime (%d/%m/%Y), or unix, unix-ms, excel, year, dmy, mdy',
      (format: string, before: string[]) => [...before, format],
      [],
    )
    .option('--time-zone <zone>', 'of times that say none, such as Europe/Berlin')
    .option('--sheet <name>', 'the sheet of a workbook; the first by default')
    .option('--header <header>', '"Name: value", sent where a file is fetched over http(s)', readHeader, {})
    .option(
      '--where <expression>',
      "keep interactions for which a DuckDB expression over their columns holds: event = 'purchase'",
    )
    .option('--min-rating <n>', 'leave interactions with a lower rating out', readNumber);
}

/** Options for the columns of the items and users files. */
function addColumnOptions(command: Command): void {
  for (const [role, meaning] of Object.entries(roles)) {
    // `--currency` is the one of all prices.
    const flags = role === 'currency' ? '' : `--${role}, `;
    command.option(`${flags}--${role}-col <column>`, `column of ${meaning}`);
  }
  for (const role of ['item', 'title', 'category', 'price', 'currency', 'stock', 'image', 'link']) {
    command.option(
      `--items-${role} <column>`,
      `column of the items file with ${role === 'item' ? "the item's id" : `the ${role}`}`,
    );
  }
  command
    .option('--users-user <column>', "column of the users file with the user's id")
    .option('--users-title <column>', 'column of the users file with the title');
}

export function importCommand(program: Command): void {
  const command = program
    .command('import')
    .description(
      'import a dataset from files (CSV, TSV, JSON, Parquet, XLSX, XML; .gz .zst .xz .bz2 .zip), folders, globs, - for stdin, https:// or s3://',
    )
    .option('--request <file>', 'all of this as JSON, such as examples/online-retail/import.json; options go over it')
    .option('--name <name>', "a new dataset's name")
    .option(
      '--into <name>',
      'name or id of a dataset that the files are added to; what it has already is not counted again',
    )
    .option('--interactions <file>', 'one row an interaction: user, item and, if known, time, event, price …')
    .option('--items <file>', 'one row an item: id, title, category, price; other columns become attributes')
    .option('--users <file>', 'one row a user or query: id, title; other columns become attributes')
    .option('--dry-run', 'store nothing, and show how the files are understood with 20 rows as they would be stored')
    .addOption(new Option('--left <side>', 'who asks; user by default').choices(['user', 'query']))
    .addOption(new Option('--right <side>', 'what is found; item by default').choices(['item', 'user']))
    .option('--symmetric', 'users with users: every interaction holds in both directions')
    .option('--user-list <list>', 'name=file:id column:value column, a multi-valued attribute of users', readList, {})
    .option('--item-list <list>', 'the same of items', readList, {})
    .option('--context <column...>', 'columns of the interactions that say in what situation each happened');
  addColumnOptions(command);
  addTextOptions(command);
  command
    .option(
      '--event-weight <event=weight>',
      'weight of an event, any number of times; other events are left out. By default the usual ones: purchase 1, cart .3, view .1',
      readWeight,
      {},
    )
    .addOption(
      new Option('--cancellations <how>', 'what a cancellation does to its purchase').choices(['ignore', 'subtract']),
    )
    .addOption(
      new Option('--duplicates <how>', 'what to do with rows equal to an earlier one').choices(['keep', 'drop']),
    )
    .addOption(
      new Option(
        '--catalogue <what>',
        'whether the items file is all that is sold: what it lacks is not shown',
      ).choices(['complete', 'partial']),
    )
    .option('--show-out-of-stock', 'recommend items that are out of stock, too')
    .option('--min-user <n>', 'least interactions of every user (k-core)', readInteger)
    .option('--min-item <n>', 'least interactions of every item (k-core)', readInteger)
    .option('--currency <code>', 'ISO 4217 code of all prices')
    .option('--description <text>', 'what the data are')
    .option('--attribution <text>', 'source, author and licence, shown wherever the data are')
    .option('--strict', 'refuse the import if any row is malformed')
    .option('--allow-withdraw', 'let a complete items file withdraw a large share of a catalogue that it is added to')
    .addOption(new Option('--replace').hideHelp());
  const example =
    'import --name shop --interactions orders.csv.gz --items products.csv --user customer --items-item sku';
  job<Options>(command, example, async (context, options) => {
    const { importDataset, importResources, previewImport, readImportRequest } = await import('@duet/datasets');
    const file = options.request === undefined ? {} : await readImportRequest(options.request);
    const request = await requestOf(options, file);
    const { config, progress, signal } = context;
    const resources = importResources(config, { headers: options.header });
    if (options.dryRun) {
      const preview = await previewImport({ progress, signal, ...resources }, request);
      return { json: preview, text: importText(preview) };
    }
    const result = await importDataset({ ...(await working(context)), ...resources }, request);
    return { json: result, text: importText(result, `${config.dataDir}/datasets/${result.datasetId}/rejected.jsonl`) };
  });
}
