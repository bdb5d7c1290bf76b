import type { Progress } from '@duet/base';
import type { ImportSettings } from '../../request.ts';
import { type Clock, isOneKind, splitParts } from '../../shape.ts';
import { allFaults, anyFault, brokenRow, type Check, firstProblem, reportFaults } from '../checks.ts';
import { type Events, hidesOf, weightOf } from '../events.ts';
import type { Role } from '../forms/form.ts';
import type { Profile } from '../profile.ts';
import { columnOf } from '../source/source.ts';
import { finite } from '../values/missing.ts';
import { numberOf } from '../values/price.ts';
import { unixSeconds } from '../values/time.ts';
import { interactionConstants, itemIds, scanned, scannedTexts, type Table, userIds } from '../workspace/tables.ts';
import { literal, type Workspace } from '../workspace/workspace.ts';
import { nothingIgnored, type Rows } from './rows.ts';

/** What a file calls the parts of its split, in lower case. */
const partNames: Record<(typeof splitParts)[number], string[]> = {
  train: ['train', 'training'],
  validation: ['validation', 'valid', 'val', 'dev'],
  test: ['test', 'testing'],
};

/** SQL for the place in `splitParts` that text names, else NULL. */
const placeOfPart = (text: string): string =>
  `CASE ${splitParts.map((part, i) => `WHEN lower(${text}) IN (${partNames[part].map(literal)}) THEN ${i}`).join(' ')} END::UTINYINT`;

/** The bounds of sound times, in Unix seconds. */
const [earliest, latest] = [Date.UTC(1900) / 1000, Date.UTC(2201) / 1000];

/** What is known of a table's rows before they are read: its columns, how they are written, what its events weigh. */
export interface Known {
  rows: Rows;
  profile: Profile;
  events: Events;
  clock: Clock;
  settings: ImportSettings;
}

/** What costs a row: without a user, an item or a moment it says nothing. */
function rowChecks({ rows, profile, clock, settings }: Known): Check[] {
  const checks: Check[] = rows.source.isSound ? [] : [brokenRow];
  const add = (role: Role, when: string, reason: string): void => {
    if (rows.roles[role]) checks.push({ when, column: rows.blamed(role), reason: literal(reason) });
  };
  const isComplete = (role: Role): boolean => rows.factsOf(role)?.isComplete ?? false;
  if (!isComplete('user')) add('user', 'user_key IS NULL', 'no user');
  if (!isComplete('item')) add('item', 'item_key IS NULL', 'no item');
  if (isOneKind(settings)) add('item', 'item_key = user_key', 'both sides are the same user');
  if (clock === 'time') {
    if (!isComplete('time')) add('time', `${rows.text('time')} IS NULL`, 'no time');
    const { order, isWritten, unixUnit } = profile.time!;
    if (order === 'unknown' && isWritten) {
      const twofold =
        "moment IS NULL AND regexp_matches(TEXT, '^(0?[1-9]|1[0-2])[-/](0?[1-9]|1[0-2])[-/](\\d{4}|\\d{2})\\b')";
      add('time', twofold.replace('TEXT', rows.text('time')), 'time may be read in two ways');
    }
    if (unixUnit === undefined) {
      add('time', 'moment IS NULL', 'time cannot be read');
      add('time', `NOT (moment >= ${earliest} AND moment < ${latest})`, 'time is outside 1900 to 2200');
    }
  } else if (clock === 'position') {
    const role = rows.roles.time ? 'time' : 'position';
    add(role, `${rows.text(role)} IS NULL`, 'no position');
    add(role, 'moment IS NULL', 'position is not a number');
  }
  add('split', 'part IS NULL', `split is neither ${splitParts.join(' nor ')}`);
  return checks;
}

/** Whether a role's numbers are known to be none below zero. */
const isPositive = (rows: Rows, role: Role): boolean => {
  const facts = rows.factsOf(role);
  return (facts?.isPlainNumber && facts.hasNoMinus) ?? false;
};

/** What leaves an optional value empty. */
function valueChecks({ rows }: Known): Check[] {
  const checks: Check[] = [];
  const add = (role: Role, when: string, reason: string): void => {
    if (rows.roles[role]) checks.push({ when, column: rows.blamed(role), reason: literal(reason) });
  };
  for (const role of ['quantity', 'price', 'value', 'rating'] as const) {
    if (rows.factsOf(role)?.isPlainNumber) continue;
    add(role, `${rows.text(role)} IS NOT NULL AND read_${role} IS NULL`, `${role} is not a number`);
  }
  add('quantity', 'read_quantity = 0', 'quantity is zero');
  if (!isPositive(rows, 'price')) add('price', 'read_price < 0', 'price is negative');
  return checks;
}

/** SQL for why a sound row does not count. */
function ignoredBy({ rows, settings: { minRating } }: Known): string {
  if (minRating === undefined) return rows.ignored;
  return `coalesce(${rows.ignored}, CASE WHEN read_rating < ${minRating} OR read_rating IS NULL THEN 'rating below ${minRating}' END)`;
}

/** SQL for every row with its values read: what {@link rowChecks} and {@link valueChecks} look at. */
function readRow({ rows, profile, clock, settings, ...known }: Known): string {
  const text = (role: Role): string => rows.text(role);
  const number = (role: Role): string => {
    const reading = profile.numbers[role];
    return reading ? numberOf(text(role), reading) : 'NULL::DOUBLE';
  };
  const options = { formats: settings.timeFormats, zone: settings.timeZone };
  const moment = {
    time: () => unixSeconds(text('time'), profile.time!, options),
    position: () => finite(text(rows.roles.time ? 'time' : 'position')),
    file: () => '_row::DOUBLE',
  }[clock]();
  // Ids are the same however their accents are composed.
  const id = (role: Role): string => (rows.factsOf(role)?.isAscii ? text(role) : `nfc_normalize(${text(role)})`);
  const key = (role: Role): string => numbersOf(rows)?.[role as 'user' | 'item'].column ?? id(role);
  const read = `SELECT *, ${key('user')} AS user_key, ${key('item')} AS item_key, ${moment} AS moment, ${text('event')} AS event,
      ${number('quantity')} AS read_quantity, ${number('price')} AS read_price, ${number('value')} AS read_value,
      ${number('rating')} AS read_rating, ${rows.roles.split ? placeOfPart(text('split')) : 'NULL'} AS part
    FROM ${rows.source.view}`;
  return `SELECT *, ${ignoredBy({ rows, profile, clock, settings, ...known })} AS why FROM (${read})`;
}

/** What of a row's faults counts: one that is left out is not looked at, unless it cannot be read. */
const looksAt = { problem: 'why IS NULL OR _broken IS NOT NULL', emptied: 'why IS NULL' };

/** The numbers of users and items, where the rows have both. */
function numbersOf(rows: Rows) {
  const [user, item] = [rows.numbersOf('user'), rows.numbersOf('item')];
  return user && item && { user, item };
}

/** Rows up to which a table is dearer to write to a file, and to read from it, than to hold. */
const fewRows = 200_000;

/** How a table with a row for each of the source's is kept: see {@link Workspace.fill}. */
export const keptAs = ({ source: { records = Number.POSITIVE_INFINITY } }: Rows): 'table' | 'file' =>
  records <= fewRows ? 'table' : 'file';

/** Reads and checks every row: {@link scanned}, with {@link userIds} and {@link itemIds}. */
export async function scan(workspace: Workspace, known: Known, progress: Progress): Promise<void> {
  const { rows, settings } = known;
  const countsAll = rows.ignored === nothingIgnored && settings.minRating === undefined;
  const constants = {
    ...interactionConstants(rows.roles, settings.context),
    ...(countsAll && { ignored: 'NULL' }),
    ...(!mayRepeat(known) && { twin: '0' }),
    ...(rowChecks(known).length === 0 && { faulty: 'false' }),
    ...(valueChecks(known).length === 0 && { emptied: 'false' }),
    ...(cancelling(known) === 'false' && { cancels: 'false' }),
  };
  const how = { as: keptAs(rows), constants, progress, step: 'check interactions' };
  const numbers = numbersOf(rows);
  if (numbers) {
    await workspace.fill(userIds, `SELECT number, id FROM ${numbers.user.ids}`, { as: 'view' });
    await workspace.fill(itemIds, `SELECT number, id FROM ${numbers.item.ids}`, { as: 'view' });
    await workspace.fill(scanned, checkedRows(known), how);
    return;
  }
  await workspace.fill(scannedTexts, checkedRows(known), how);
  const distinct = (key: string) => `SELECT DISTINCT ${key} AS id FROM ${scannedTexts} WHERE ${key} IS NOT NULL`;
  const number = (table: Table, select: string) =>
    workspace.fill(table, `SELECT row_number() OVER () - 1 AS number, id FROM (${select})`);
  if (isOneKind(settings)) {
    await number(userIds, `${distinct('user_key')} UNION ${distinct('item_key')}`);
    await workspace.fill(itemIds, `FROM ${userIds}`, { as: 'view' });
  } else {
    await number(userIds, distinct('user_key'));
    await number(itemIds, distinct('item_key'));
  }
  await workspace.fill(
    scanned,
    `SELECT texts.* EXCLUDE (user_key, item_key), u.number AS user_key, i.number AS item_key
     FROM ${scannedTexts} texts LEFT JOIN ${userIds} u ON u.id = user_key LEFT JOIN ${itemIds} i ON i.id = item_key`,
    { ...how, step: 'number interactions' },
  );
}

/** Whether rows may be equal to others in every column, so that it is of use to look. */
export const mayRepeat = ({ rows, clock }: Pick<Known, 'rows' | 'clock'>): boolean =>
  clock !== 'file' && !rows.source.allDiffer;

/** SQL for whether a row takes a purchase back. */
function cancelling({ rows, settings }: Known): string {
  const events = settings.cancelEvents.map((event) => literal(event.toLowerCase()));
  const either = [
    ...(rows.roles.event && events.length > 0 ? [`lower(event) IN (${events})`] : []),
    ...(rows.roles.quantity && !isPositive(rows, 'quantity') ? ['read_quantity < 0'] : []),
  ];
  return either.length > 0 ? `coalesce(${either.join(' OR ')}, false)` : 'false';
}

/** SQL for every row, read and checked. */
function checkedRows(known: Known): string {
  const { rows, events, settings } = known;
  const text = (role: Role): string => rows.text(role);
  const { columns, numbersOf: numbered } = rows.source;
  const compared = columns.map((name) => numbered?.(name)?.column ?? columnOf(rows.source, name));
  return `SELECT *, CASE WHEN NOT faulty OR _broken IS NULL THEN why END AS ignored FROM (
     SELECT _row, user_key, item_key, moment, event, nullif(read_quantity, 0) AS quantity,
       CASE WHEN read_price >= 0 THEN read_price END AS price, read_value AS value, ${text('order')} AS order_id,
       ${text('title')} AS title, ${text('category')} AS category, part,
       [${settings.context.map((name) => columnOf(rows.source, name))}]::VARCHAR[] AS context, hash(${compared}) AS twin,
       ${cancelling(known)} AS cancels, (${weightOf('event', events)})::DOUBLE AS weight,
       ${hidesOf('event', events)} AS hides, why, _broken,
       (${looksAt.problem}) AND (${anyFault(rowChecks(known))}) AS faulty,
       (${looksAt.emptied}) AND (${anyFault(valueChecks(known))}) AS emptied
     FROM (${readRow(known)}))`;
}

/** Says what is wrong with the rows that are, each read once more. */
export async function reportScanned(workspace: Workspace, known: Known): Promise<void> {
  const { rows } = known;
  await reportFaults(
    workspace,
    rows,
    `(SELECT _row, CASE WHEN ${looksAt.problem} THEN ${firstProblem(rows, rowChecks(known))} END AS problem,
       CASE WHEN ${looksAt.emptied} THEN ${allFaults(rows, valueChecks(known))} END AS emptied
     FROM (${readRow(known)}) WHERE _row IN (SELECT _row FROM ${scanned} WHERE faulty OR emptied))`,
  );
}
