import { DuetError } from '@duet/base';
import type { Database, Dataset } from '@duet/db';
import { type ImportRequest, type ImportSettings, importRequest, parseImportRequest } from './request.ts';

/** What each import says for itself. */
const ofEachImport = new Set([
  ...['name', 'into', 'interactions', 'items', 'users', 'userLists', 'itemLists', 'description', 'attribution'],
  ...['catalogue', 'allowWithdraw', 'strict', 'currency', 'where', 'showOutOfStock'],
]);

/** A request to add to a dataset, with what it leaves open as the dataset's first import had it. */
export function appended(request: ImportRequest, { id, settings }: Pick<Dataset, 'id' | 'settings'>): ImportSettings {
  // An older Duet may have kept what is no setting any more.
  const knownSettings = Object.entries(settings as Record<string, unknown>).filter(
    ([key]) => key in importRequest.shape && !ofEachImport.has(key),
  );
  const before: Partial<ImportSettings> = Object.fromEntries(knownSettings);
  return parseImportRequest({
    ...{ catalogue: 'partial', ...before, ...request, into: id },
    columns: { ...before.columns, ...request.columns },
    itemColumns: { ...before.itemColumns, ...request.itemColumns },
    userColumns: { ...before.userColumns, ...request.userColumns },
  });
}

/** @throws DuetError `not-found` naming the datasets there are */
export async function findInto({ prisma }: Database, named: string): Promise<Dataset> {
  const all = await prisma.dataset.findMany({ where: { status: 'done' } });
  const found = all.find(({ id, name }) => id === named || name === named);
  if (found !== undefined) return found;
  throw new DuetError('not-found', `There is no dataset "${named}" to add to.`, {
    where: { field: 'into' },
    fix: all.length === 0 ? 'Make one with --name.' : `There is ${all.map(({ name }) => name).join(', ')}.`,
  });
}

/** @throws DuetError `bad-input` where prices are in another currency than the dataset's */
export function refuseCurrency({ name, currency }: Dataset, other: string, from: string): void {
  if (other === currency) return;
  throw new DuetError('bad-input', `The prices of "${name}" are in ${currency}, and these are in ${other} (${from}).`, {
    where: { field: 'currency' },
    fix: `Convert them to ${currency}, or leave those rows out with --where.`,
  });
}
