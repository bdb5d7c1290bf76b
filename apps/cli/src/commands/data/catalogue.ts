import { type Command, Option } from 'commander';
import { job, working } from '../../context.ts';
import { findDataset } from '../../find.ts';

interface Options extends Record<string, unknown> {
  dataset?: string;
  complete?: boolean;
  allowWithdraw?: boolean;
  currency?: string;
  as?: string;
  format?: 'csv';
  delimiter?: string;
  sheet?: string;
}

const columns = ['item', 'title', 'category', 'price', 'currency', 'stock', 'image', 'link'] as const;

/** `duet catalogue sync`. */
export function catalogueCommand(program: Command): void {
  const catalogue = program.command('catalogue').description('bring a catalogue in line with a feed');
  const command = catalogue
    .command('sync <feed>')
    .description("add and change what a file of items says; with --complete, withdraw what it lacks. '-' is stdin")
    .option('--dataset <name>', 'name or id of the dataset')
    .option('--complete', 'the feed is all that the shop sells: what it lacks is withdrawn')
    .option('--allow-withdraw', 'also where that is more than a fifth of the catalogue')
    .option('--as <form>', 'the form of the file, such as shopify; its header tells it by default')
    .addOption(new Option('--format <format>').choices(['csv', 'tsv', 'json', 'jsonl', 'parquet', 'xlsx', 'xml']))
    .option('--delimiter <text>', 'between the fields, such as ; or tab')
    .option('--sheet <name>', 'the sheet of a workbook; the first by default');
  for (const role of columns) {
    const flag = role === 'currency' ? '--currency-col' : `--${role}`;
    command.option(`${flag} <column>`, `column with ${role === 'item' ? "the item's id" : `the ${role}`}`);
  }
  command.option('--currency <code>', 'ISO 4217 code of all prices');
  job<Options>(command, 'catalogue sync products.csv --dataset shop --complete', async (context, options) => {
    const { importResources, syncCatalogue } = await import('@duet/datasets');
    const ctx = { ...(await working(context)), ...importResources(context.config, { headers: {} }) };
    const dataset = await findDataset(ctx.db, options.dataset);
    const named = columns.flatMap((role) => {
      const column = options[role === 'currency' ? 'currencyCol' : role];
      return typeof column === 'string' ? [[role, column]] : [];
    });
    const { complete, allowWithdraw, as, format, delimiter, sheet, currency } = options;
    const given = { as, format, delimiter, sheet, currency, allowWithdraw };
    const synced = await syncCatalogue(ctx, {
      ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
      ...{ dataset: dataset.id, feed: command.args[0]!, itemColumns: Object.fromEntries(named) },
      ...(complete && { complete }),
    });
    const { added, updated, withdrawn, unchanged, rejected } = synced;
    const left = rejected.total > 0 ? ` ${rejected.total} rows could not be used.` : '';
    const text = `${dataset.name}: ${added} items added, ${updated} updated, ${withdrawn} withdrawn, ${unchanged} unchanged.${left}`;
    return { json: synced, text };
  });
}
