import path from 'node:path';
import { silent } from '@duet/base';
import { appended, findInto, refuseCurrency } from '../appended.ts';
import { type ImportContext, readingFeed } from '../reading.ts';
import { type ImportRequest, withPaths } from '../request.ts';
import type { FaultSummary } from '../summary.ts';
import { changeDataset } from '../write/change-dataset.ts';
import { inTransaction } from '../write/transaction.ts';
import { storeFeed } from './withdraw.ts';

export interface SyncRequest extends Omit<ImportRequest, 'name' | 'into' | 'interactions' | 'items' | 'catalogue'> {
  /** Name or id of the dataset. */
  dataset: string;
  /** The feed: a file, or any other location that an import can read. */
  feed: string;
  /** Whether it is all that the shop sells, so that what it lacks is withdrawn. */
  complete?: boolean;
}

export interface SyncedCatalogue {
  datasetId: string;
  added: number;
  updated: number;
  /** Items that the feed lacks. */
  withdrawn: number;
  unchanged: number;
  rejected: FaultSummary;
}

/**
 * Brings a catalogue in line with a feed of items, in one transaction; the services follow within a second.
 *
 * @throws DuetError as `importDataset`; `conflict` where a complete feed would withdraw a large share of the catalogue,
 *   and `allowWithdraw` is not said
 */
export async function syncCatalogue(ctx: ImportContext, request: SyncRequest): Promise<SyncedCatalogue> {
  const { db, progress = silent, signal } = ctx;
  const { dataset: named, feed, complete = false, ...options } = request;
  const dataset = await findInto(db, named);
  const asked = appended({ ...options, into: named, interactions: feed, items: feed }, dataset);
  const settings = withPaths(asked, (file) => path.resolve(file));
  if (settings.currency !== undefined) refuseCurrency(dataset, settings.currency, 'the request');
  const datasetId = dataset.id;
  return changeDataset(ctx, datasetId, ({ folder }) =>
    readingFeed(ctx, folder, settings, dataset.currency, async (workspace, read) => {
      refuseCurrency(dataset, read.currency.code, read.currency.from);
      const { allowWithdraw } = settings;
      const done = await inTransaction(db, (client) =>
        storeFeed(client, workspace, datasetId, {
          ...{ complete, allowWithdraw, progress, signal },
          says: read.mapping.items?.says,
        }),
      );
      const unchanged = read.items - done.added - done.updated;
      return { datasetId, ...done, unchanged, rejected: read.rejected };
    }),
  );
}
