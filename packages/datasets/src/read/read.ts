import { DuetError, type Progress } from '@duet/base';
import type { ImportSettings } from '../request.ts';
import { isOneKind } from '../shape.ts';
import type { ReadSummary } from '../summary.ts';
import { assignRoles } from './columns.ts';
import { readItems, readUsers } from './entities.ts';
import { readInteractions } from './interactions.ts';
import { readLists } from './lists.ts';
import { refuseRejected, summariseRejected } from './rejected.ts';
import { openSource, type Source } from './source.ts';
import { rejected } from './tables.ts';
import type { Workspace } from './workspace.ts';

/** Decimal places of a currency's minor unit: 2 for GBP, 0 for JPY. */
export const minorUnits = (currency: string): number =>
  new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2;

/**
 * Reads and checks all files of an import: the workspace's tables of interactions, users and items (`tables.ts`).
 *
 * @param folder Where rejected.jsonl is written.
 * @throws DuetError as `importDataset`
 */
export async function readFiles(
  workspace: Workspace,
  folder: string,
  settings: ImportSettings,
  { progress, signal }: { progress: Progress; signal?: AbortSignal | undefined },
): Promise<ReadSummary> {
  await workspace.create(rejected);
  const open = (table: string, file: string): Promise<Source> =>
    openSource(workspace, table, file, { format: settings.format, progress, signal });
  const usersSource = settings.users === undefined ? undefined : await open('users', settings.users);
  // Where both sides are users, the users file describes both.
  const oneKind = isOneKind(settings);
  const itemsSource =
    settings.items !== undefined ? await open('items', settings.items) : oneKind ? usersSource : undefined;
  const lists = { ...settings.userLists, ...settings.itemLists };
  await readLists(workspace, 'users', oneKind ? lists : settings.userLists, open);
  await readLists(workspace, 'items', oneKind ? lists : settings.itemLists, open);
  const source = await open('interactions', settings.interactions);
  const roles = assignRoles(settings, {
    interactions: source.columns,
    ...(itemsSource && { items: itemsSource.columns }),
    ...(usersSource && { users: usersSource.columns }),
  });
  const { clock, ...interactions } = await readInteractions(workspace, source, roles.interactions, settings, progress);
  const items = await readItems(workspace, {
    entity: settings.right,
    source: itemsSource,
    roles: roles.items,
    interactionRoles: roles.interactions,
    minorUnits: minorUnits(settings.currency),
  });
  const users = await readUsers(workspace, { entity: settings.left, source: usersSource, roles: roles.users });
  const left = await summariseRejected(workspace, folder);
  if (settings.strict) refuseRejected(left);
  if (interactions.kept === 0) {
    const reasons = Object.entries(left.byReason).map(([reason, n]) => `${reason} (${n})`);
    throw new DuetError('bad-input', `no interaction is left${reasons.length > 0 ? `: ${reasons.join(', ')}` : ''}.`, {
      where: { file: settings.interactions },
      fix: 'Look at the column mapping, the event weights and the k-core.',
    });
  }
  return {
    clock,
    sides: { left: settings.left, right: settings.right, symmetric: settings.symmetric },
    split: roles.interactions.split !== undefined,
    context: settings.context,
    interactions,
    items,
    users,
    rejected: left,
  };
}
