import { DuetError, type Progress } from '@duet/base';
import type { ImportSettings } from '../request.ts';
import { isOneKind } from '../shape.ts';
import type { ClockSummary, ReadSummary, TableMapping } from '../summary.ts';
import { attributeColumns } from './attributes.ts';
import { summariseEmptied } from './checks.ts';
import { Bounds, type Limits } from './containers/bounds.ts';
import type { InputContext } from './containers/inputs.ts';
import { type Form, type Role, recognise } from './forms/form.ts';
import { type ReadInteractions, readInteractions } from './interactions.ts';
import { readItems } from './items.ts';
import { emptyLists, readLists } from './lists.ts';
import type { Profile } from './profile.ts';
import { filesOf, formsOf, type Located, locate, type OpenFiles } from './rows/located.ts';
import { refuseRejected, summariseRejected } from './rows/rejected.ts';
import { refuseUnknown } from './rows/roles.ts';
import { idColumns, type Rows, readRows } from './rows/rows.ts';
import { openSources } from './source/open.ts';
import { readUsers } from './users.ts';
import { emptied, interactions, knownUsers, listedItems, listedUsers, rejected } from './workspace/tables.ts';
import { literal, type Workspace } from './workspace/workspace.ts';

/** Decimal places of a currency's minor unit: 2 for GBP, 0 for JPY. */
export const minorUnits = (currency: string): number =>
  new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2;

export interface ReadContext extends InputContext {
  progress: Progress;
  /** Records that are read of each file; all by default. */
  sampleRows?: number | undefined;
  limits: Limits;
  now: Date;
  /** Of a dataset that the files are added to: what prices are in that name no currency. */
  currency?: string | undefined;
}

/** Opens the files of a request, each with the options that are its own. */
export function opener(
  workspace: Workspace,
  settings: ImportSettings,
  ctx: ReadContext,
  forms: readonly Form[],
): OpenFiles {
  const { format, delimiter, encoding, sheet } = settings;
  const bounds = new Bounds(ctx.limits, workspace.folder);
  const namesOf = {
    interactions: settings.header ? undefined : { header: false, columns: settings.columnNames },
    items: settings.itemColumnNames && { header: false, columns: settings.itemColumnNames },
    users: settings.userColumnNames && { header: false, columns: settings.userColumnNames },
  } as Record<string, { header: boolean; columns?: readonly string[] } | undefined>;
  // Where both sides are users, an id means the same in either column.
  const numbers = (table: string) => table === 'interactions' && !isOneKind(settings);
  return (table, location) =>
    openSources(workspace, table, location, {
      ...ctx,
      format,
      delimiter,
      encoding,
      sheet,
      bounds,
      maxRows: ctx.limits.rows,
      maxIds: ctx.limits.ids,
      sampleRows: ctx.sampleRows,
      ...namesOf[table],
      knownText: (name) => recognise(forms, { columns: [], file: name })?.file.text,
      ...(numbers(table) && { idColumns: (columns, name) => idColumns(settings, forms, columns, name) }),
    });
}

/** The currency of prices, and where it is from. */
export function currencyOf(
  settings: ImportSettings,
  profiles: Profile[],
  known: string | undefined,
  warnings: string[],
): ReadSummary['currency'] {
  if (settings.currency) return { code: settings.currency, from: 'the request' };
  const found = new Map<string, { rows: number; from: string }>();
  for (const { code, rows, from } of profiles.flatMap(({ currencies }) => currencies)) {
    const before = found.get(code);
    found.set(code, { rows: rows + (before?.rows ?? 0), from: before?.from ?? from });
  }
  const all = [...found].sort(([, a], [, b]) => b.rows - a.rows);
  const [most] = all;
  if (most === undefined && known !== undefined) return { code: known, from: 'the dataset' };
  if (most === undefined || !isCurrency(most[0])) return { code: 'GBP', from: 'nothing said it; --currency does' };
  if (all.length > 1) {
    const shown = all.map(([code, { rows }]) => `${code} (${rows})`).join(', ');
    warnings.push(
      `Prices are in several currencies: ${shown}. All are taken for ${most[0]}; leave others out with --where.`,
    );
  }
  return { code: most[0], from: most[1].from };
}

const isCurrency = (code: string): boolean => Intl.supportedValuesOf('currency').includes(code);

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
  ctx: ReadContext,
): Promise<ReadSummary> {
  const { progress, now } = ctx;
  await workspace.create(rejected, emptied);
  const forms = await formsOf(settings);
  const open = opener(workspace, settings, ctx, forms);
  const oneKind = isOneKind(settings);
  const main = await locate(open, 'interactions', settings.interactions, forms);
  const has = (table: 'items' | 'users'): boolean => main.found.some(({ file }) => file?.table === table);
  const rowsOf = async (table: 'items' | 'users'): Promise<Rows | undefined> => {
    const location = settings[table];
    // Where both sides are users, the users file describes both; and a folder may hold all files of a form.
    const shared = table === 'items' && oneKind ? settings.users : undefined;
    if ((location ?? shared) === undefined && !has(table)) return undefined;
    const located = (location ?? shared) === undefined ? main : await locate(open, table, (location ?? shared)!, forms);
    return readRows(workspace, table, located, settings, open);
  };
  const itemRows = await rowsOf('items');
  const userRows = await rowsOf('users');
  const lists = { ...settings.userLists, ...settings.itemLists };
  const [userLists, itemLists] = oneKind ? [lists, lists] : [settings.userLists, settings.itemLists];
  await workspace.create(
    ...(itemRows ? [] : [listedItems]),
    ...(userRows ? [] : [listedUsers]),
    ...emptyLists('users', userLists),
    ...emptyLists('items', itemLists),
  );
  await readLists(workspace, 'users', userLists, open);
  await readLists(workspace, 'items', itemLists, open);
  const rows = await readRows(workspace, 'interactions', main, settings, open);
  refuseUnknown(settings, { interactions: rows.source.columns, items: itemRows?.source.columns });

  const {
    accounts,
    clock,
    profile,
    events,
    rows: _,
    ...summary
  } = await readInteractions(workspace, rows, settings, progress);
  const warnings = [...warningsOf(main, settings, rows, { clock, profile }), ...events.warnings];
  warnings.push(...(await suspects(workspace)));
  let currency = { code: 'GBP', from: '' };
  const items = await readItems(workspace, {
    rows: itemRows,
    interactionRows: rows,
    settings,
    now,
    minorUnits: (ofItems) => {
      currency = currencyOf(settings, [profile, ...(ofItems ? [ofItems] : [])], ctx.currency, warnings);
      return minorUnits(currency.code);
    },
  });
  const { listed: ofItems, covered, ...itemsSummary } = items;
  const { listed: ofUsers, ...usersSummary } = await readUsers(workspace, userRows, settings);
  const left = await summariseRejected(workspace, folder);
  if (settings.strict) refuseRejected(left);
  const mapping: ReadSummary['mapping'] = {
    interactions: mappingOf(rows, accounts, settings.context),
    ...(itemRows && ofItems && { items: { ...mappingOf(itemRows, ofItems.accounts), says: ofItems.says } }),
    ...(userRows && ofUsers && { users: mappingOf(userRows, ofUsers.accounts) }),
  };
  refuseUseless(mapping, left.byReason, summary.kept);
  // Of samples the one does not have what the other names.
  if (itemRows && covered < 0.5 && ctx.sampleRows === undefined) {
    const coveredPercent = Math.round(covered * 100);
    warnings.push(
      `The items file has the items of ${coveredPercent} % of the interactions: it is taken for ${settings.catalogue ?? 'partial'}, and the ids should be looked at.`,
    );
  }
  return {
    clock,
    sides: { left: settings.left, right: settings.right, symmetric: settings.symmetric },
    split: rows.roles.split !== undefined,
    context: settings.context,
    hides: events.views.length > 0,
    interactions: summary,
    items: itemsSummary,
    users: usersSummary,
    rejected: left,
    emptied: await summariseEmptied(workspace),
    mapping,
    currency,
    events: events.list,
    warnings,
  };
}

export function mappingOf(rows: Rows, accounts: TableMapping['rows'], context: readonly string[] = []): TableMapping {
  const columns = Object.fromEntries(Object.entries(rows.roles).map(([role, names]) => [role, names.join(', ')]));
  const used = new Set([...Object.values(rows.roles).flat(), ...context]);
  const attributeNames = rows.table === 'interactions' ? [] : attributeColumns(rows);
  return {
    ...rows.source.notes,
    ...(rows.form && { form: rows.form }),
    columns,
    unused: rows.source.columns.filter((name) => !used.has(name) && !attributeNames.includes(name)),
    rows: accounts,
  };
}

/** @throws DuetError `bad-input` where nothing of a file can be used */
function refuseUseless(mapping: ReadSummary['mapping'], byReason: Record<string, number>, keptRows: number): void {
  const refuse = (what: string, table: string, fix: string): never => {
    const { ignored } = mapping[table]!.rows;
    const reasons = Object.entries({ ...byReason, ...ignored }).map(([reason, n]) => `${reason} (${n})`);
    throw new DuetError('bad-input', `${what}${reasons.length > 0 ? `: ${reasons.join(', ')}` : ''}.`, { fix });
  };
  if (keptRows === 0) {
    refuse('no interaction is left', 'interactions', 'Look at the column mapping, the event weights and the k-core.');
  }
  for (const table of ['items', 'users'] as const) {
    if (mapping[table]?.rows.used === 0)
      refuse(`no row of the ${table} file can be used`, table, 'Look at its column mapping.');
  }
}

/** What the reader should know of how the interactions were understood. */
function warningsOf(
  main: Located,
  settings: ImportSettings,
  rows: Rows,
  { clock, profile }: Pick<ReadInteractions, 'clock' | 'profile'>,
): string[] {
  const { roles, source } = rows;
  const warnings: string[] = [];
  const name = (role: Role) => `"${rows.blamed(role)}"`;
  if (clock === 'file') {
    warnings.push(
      `NO COLUMN FOR THE TIME WAS FOUND: the order of the file is taken. Its columns are ${source.columns.join(', ')}; name the time's with --time.`,
    );
  } else if (profile.time?.isSequence) {
    warnings.push(
      `The column ${name('time')} holds numbers too small for a time: they are taken for an order. Say --time-format unix, excel or year if they are one.`,
    );
  }
  if (roles.rating && settings.minRating === undefined) {
    warnings.push(
      `The column ${name('rating')} holds ratings, and a bad one counts as a good one. Should only good ones count? Say --min-rating, such as --min-rating 4.`,
    );
  }
  if (source.notes.guessed && source.notes.encoding !== 'utf-8')
    warnings.push(
      `The text of the interactions is taken for ${source.notes.encoding}: nothing in it says so. Say --encoding for another.`,
    );
  const unused = main.found.filter(
    ({ source: other, file }) =>
      !filesOf(main, 'interactions', settings).some((one) => one.source === other) &&
      file?.table === undefined &&
      file?.name === undefined,
  );
  for (const { source: other } of unused)
    warnings.push(`Not used, for their columns fit nothing: ${other.files.join(', ')}.`);
  return warnings;
}

/** Ids that many shops give to whoever has none. */
const shared = ['guest', 'guests', 'anonymous', 'anon', 'unknown', 'test', 'default', 'admin', '0', '-1', '1970-01-01'];

/** Warns of users who are likely to be many people. */
async function suspects(workspace: Workspace): Promise<string[]> {
  const found = await workspace.rows(
    `SELECT id, interactions::DOUBLE AS n FROM ${knownUsers}
     WHERE lower(id) IN (${shared.map(literal)}) ORDER BY n DESC, id DESC`,
  );
  if (found.length === 0) return [];
  const names = found.map(({ id, n }) => `${id} (${n})`).join(', ');
  return [`These users may be many people: ${names}. Leave their rows out with --where.`];
}

/** The first and the last moment of the interactions: Unix seconds, or positions. */
export async function spanOf(workspace: Workspace): Promise<readonly [number, number]> {
  const { first, last } = await workspace.row(`SELECT min(moment) AS first, max(moment) AS last FROM ${interactions}`);
  return [Number(first), Number(last)];
}

/** The clock of the interactions, and what it spans. */
export function clockSummary(kind: ReadSummary['clock'], span: readonly [number, number]): ClockSummary {
  if (kind !== 'time') return { kind };
  const [first, last] = span.map((seconds) => new Date(seconds * 1000).toISOString());
  return { kind, first: first!, last: last! };
}
