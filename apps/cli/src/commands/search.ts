import type { Command } from 'commander';
import { table } from '../answer.ts';
import { job } from '../context.ts';
import { findDataset } from '../find.ts';
import { readFilter, readInteger, readJson } from '../options.ts';

interface Options {
  dataset?: string;
  k: number;
  user?: string;
  filter?: unknown;
  facets?: string[];
  placement?: string;
}

export function searchCommand(program: Command): void {
  const command = program
    .command('search <words...>')
    .description('items for words that were typed: by a model that learnt from queries, else by titles and categories')
    .option('--dataset <name>', 'name or id; not needed where there is one')
    .option('--k <n>', 'how many items', readInteger, 20)
    .option('--filter <json>', 'what every item must pass: {"category":["Mugs"]}', readJson)
    .option('--facets <names...>', 'what is counted: category, price, inStock, or an attribute')
    .option('--placement <name>', "where the shop shows it, for the shop's rules");
  job<Options>(command, 'search red lantrn --facets category', async ({ config, logger, database }, options) => {
    const [{ filterSchema, openServing }, { formatMoney }, { openExecutor }] = await Promise.all([
      import('@duet/serving'),
      import('@duet/experiments'),
      import('@duet/artifact'),
    ]);
    const db = await database();
    const { id: datasetId } = await findDataset(db, options.dataset);
    const { dataDir } = config;
    await using serving = await openServing({ db, dataDir, logger, executor: await openExecutor(config) });
    const { k, facets, placement } = options;
    const query = (command.processedArgs[0] as string[]).join(' ');
    const filter = readFilter(filterSchema, options.filter);
    const answer = await serving.search({ query, datasetId, k, facets, placement, filter });
    const rows = answer.items.map(({ itemId, title, category, priceMinor, score }, place) => [
      ...[place + 1, itemId, title, category ?? '–'],
      ...[priceMinor === null ? '–' : formatMoney(priceMinor, answer.currency), score.toFixed(3)],
    ]);
    const counts = Object.entries(answer.facets).flatMap(([name, { values, range }]) => [
      ...values.map(({ value, count }) => [name, value, count]),
      ...(range === undefined ? [] : [[name, `${range.min} – ${range.max}`, '']]),
    ]);
    const taken = answer.corrected === null ? '' : ` Taken as "${answer.corrected}".`;
    const facetTable = counts.length === 0 ? '' : `\n\n${table(['facet', 'value', 'items'], counts)}`;
    return {
      json: answer,
      text: `${answer.total} items. ${answer.why}${taken}\n${table(['#', 'item', 'title', 'category', 'price', 'score'], rows)}${facetTable}`,
    };
  });
}
