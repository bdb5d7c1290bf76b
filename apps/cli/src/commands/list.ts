import type { ListName } from '@duet/serving';
import { Argument, type Command, Option } from 'commander';
import { table } from '../answer.ts';
import { job } from '../context.ts';
import { findDataset } from '../find.ts';
import { readInteger } from '../options.ts';

const names: ListName[] = ['popular', 'trending', 'new', 'recently-viewed', 'bought-together'];
const windows = ['day', 'week', 'month', 'all'] as const;

interface Options {
  dataset?: string;
  k: number;
  user?: string;
  item?: string[];
  window?: (typeof windows)[number];
  placement?: string;
  seen: boolean;
}

export function listCommand(program: Command): void {
  const command = program
    .command('list')
    .description('a list that needs no model: what sells most, or more than it did, what is new, what goes together')
    .addArgument(new Argument('<name>', 'which list').choices(names))
    .option('--dataset <name>', 'name or id; not needed where there is one')
    .option('--k <n>', 'how many items', readInteger, 20)
    .option('--user <id>', 'whose purchases are left out, and whose views are listed')
    .option('--item <ids...>', 'of bought-together: what is looked at, or in the basket')
    .addOption(new Option('--window <time>', 'of popular and trending').choices(windows))
    .option('--placement <name>', "where the shop shows it, for the shop's rules")
    .option('--no-seen', 'with what the user bought before');
  job<Options>(
    command,
    'list trending --k 10',
    async ({ config, logger, database }, { dataset: named, k, user, item, window, placement, seen }) => {
      const name = command.processedArgs[0] as ListName;
      const [{ openServing }, { formatMoney }, { openExecutor }] = await Promise.all([
        import('@duet/serving'),
        import('@duet/experiments'),
        import('@duet/artifact'),
      ]);
      const db = await database();
      const dataset = await findDataset(db, named);
      const { dataDir } = config;
      await using serving = await openServing({ db, dataDir, logger, executor: await openExecutor(config) });
      const answer = await serving.list(name, {
        ...{
          datasetId: dataset.id,
          k,
          userId: user,
          itemIds: item,
          window,
          placement,
          seen: seen ? ('hide' as const) : ('show' as const),
        },
      });
      const { currency, fallbacks, items } = answer;
      const rows = items.map(({ itemId, title, category, priceMinor, source }, place) => [
        ...[place + 1, itemId, title, category ?? '–'],
        ...[priceMinor === null ? '–' : formatMoney(priceMinor, currency), source],
      ]);
      const notes = fallbacks.length === 0 ? '' : `\n${fallbacks.join(' ')}`;
      return { json: answer, text: `${table(['#', 'item', 'title', 'category', 'price', 'list'], rows)}${notes}` };
    },
  );
}
