import { DuetError } from '@duet/base';
import type { ImportSettings } from '../request.ts';
import type { FaultSummary, ReadSummary } from '../summary.ts';
import { summariseEmptied } from './checks.ts';
import { readItems } from './items.ts';
import { emptyLists, readLists } from './lists.ts';
import { currencyOf, mappingOf, minorUnits, opener, type ReadContext } from './read.ts';
import { formsOf, locate } from './rows/located.ts';
import { summariseRejected } from './rows/rejected.ts';
import { readRows } from './rows/rows.ts';
import { emptied, knownItems, rejected } from './workspace/tables.ts';
import type { Workspace } from './workspace/workspace.ts';

/** What reading a feed of items came to. */
export interface ReadFeed {
  /** Items of the feed, each once. */
  items: number;
  rejected: FaultSummary;
  emptied: FaultSummary;
  mapping: ReadSummary['mapping'];
  currency: ReadSummary['currency'];
}

/**
 * Reads the items file of a request alone, as an import reads it: the tables `items` and `listed_items`.
 *
 * @throws DuetError as `importDataset`; `bad-input` where no row of it can be used
 */
export async function readFeed(
  workspace: Workspace,
  folder: string,
  settings: ImportSettings,
  ctx: ReadContext,
): Promise<ReadFeed> {
  await workspace.create(rejected, emptied, knownItems, ...emptyLists('items', settings.itemLists));
  const forms = await formsOf(settings);
  const open = opener(workspace, settings, ctx, forms);
  const located = await locate(open, 'items', settings.items!, forms);
  const rows = await readRows(workspace, 'items', located, settings, open);
  await readLists(workspace, 'items', settings.itemLists, open);
  let currency: ReadSummary['currency'] = { code: 'GBP', from: '' };
  const { listed } = await readItems(workspace, {
    rows,
    // There are no interactions that could say more of an item.
    interactionRows: { ...rows, roles: {} },
    settings: { ...settings, catalogue: 'partial' },
    now: ctx.now,
    minorUnits: (profile) => {
      currency = currencyOf(settings, profile ? [profile] : [], ctx.currency, []);
      return minorUnits(currency.code);
    },
  });
  const left = await summariseRejected(workspace, folder);
  if (listed!.accounts.used === 0) {
    throw new DuetError('bad-input', 'No row of the file can be used.', {
      where: { file: settings.items! },
      fix: 'Look at its column mapping: --item, --title, --category, --price.',
    });
  }
  const mapping = { items: { ...mappingOf(rows, listed!.accounts), says: listed!.says } };
  return {
    items: listed!.accounts.used,
    rejected: left,
    emptied: await summariseEmptied(workspace),
    mapping,
    currency,
  };
}
