import type { Progress } from '@duet/base';
import type { ImportSettings } from '../request.ts';
import { type Clock, isOneKind, splitParts } from '../shape.ts';
import type { InteractionsSummary, TableMapping } from '../summary.ts';
import { netCancellations } from './cancellations.ts';
import { allFaults, anyFault, brokenRow, type Check, firstProblem, reportFaults } from './checks.ts';
import { filterCore } from './core.ts';
import { type Events, hidesOf, readEvents, weightOf } from './events.ts';
import type { Role } from './forms/form.ts';
import { type Profile, profileRows } from './profile.ts';
import { nothingIgnored, type Rows } from './rows.ts';
import { columnOf } from './source/source.ts';
import {
  counted,
  interactionConstants,
  interactions,
  knownItems,
  knownUsers,
  mirrored,
  netted,
  scanned,
  type Table,
} from './tables.ts';
import { finite } from './values/missing.ts';
import { numberOf } from './values/price.ts';
import { unixSeconds } from './values/time.ts';
import { literal, type Workspace } from './workspace.ts';

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
interface Known {
  rows: Rows;
  profile: Profile;
  events: Events;
  clock: Clock;
  settings: ImportSettings;
}

/** What costs a row: without a user, an item or a moment it says nothing. */
function rowChecks({ rows, profile, clock, settings }: Known): Check[] {
  const checks: Check[] = [brokenRow];
  const add = (role: Role, when: string, reason: string): void => {
    if (rows.roles[role]) checks.push({ when, column: rows.blamed(role), reason: literal(reason) });
  };
  add('user', 'user_id IS NULL', 'no user');
  add('item', 'item_id IS NULL', 'no item');
  if (isOneKind(settings)) add('item', 'item_id = user_id', 'both sides are the same user');
  if (clock === 'time') {
    add('time', `${rows.text('time')} IS NULL`, 'no time');
    if (profile.time?.order === 'unknown') {
      const twofold =
        "moment IS NULL AND regexp_matches(TEXT, '^(0?[1-9]|1[0-2])[-/](0?[1-9]|1[0-2])[-/](\\d{4}|\\d{2})\\b')";
      add('time', twofold.replace('TEXT', rows.text('time')), 'time may be read in two ways');
    }
    add('time', 'moment IS NULL', 'time cannot be read');
    add('time', `NOT (moment >= ${earliest} AND moment < ${latest})`, 'time is outside 1900 to 2200');
  } else if (clock === 'position') {
    const role = rows.roles.time ? 'time' : 'position';
    add(role, `${rows.text(role)} IS NULL`, 'no position');
    add(role, 'moment IS NULL', 'position is not a number');
  }
  add('split', 'part IS NULL', `split is neither ${splitParts.join(' nor ')}`);
  return checks;
}

/** What leaves an optional value empty. */
function valueChecks({ rows }: Known): Check[] {
  const checks: Check[] = [];
  const add = (role: Role, when: string, reason: string): void => {
    if (rows.roles[role]) checks.push({ when, column: rows.blamed(role), reason: literal(reason) });
  };
  for (const role of ['quantity', 'price', 'value', 'rating'] as const) {
    add(role, `${rows.text(role)} IS NOT NULL AND read_${role} IS NULL`, `${role} is not a number`);
  }
  add('quantity', 'read_quantity = 0', 'quantity is zero');
  add('price', 'read_price < 0', 'price is negative');
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
  const read = `SELECT *, ${id('user')} AS user_id, ${id('item')} AS item_id, ${moment} AS moment, ${text('event')} AS event,
      ${number('quantity')} AS read_quantity, ${number('price')} AS read_price, ${number('value')} AS read_value,
      ${number('rating')} AS read_rating, ${rows.roles.split ? placeOfPart(text('split')) : 'NULL'} AS part
    FROM ${rows.source.view}`;
  return `SELECT *, ${ignoredBy({ rows, profile, clock, settings, ...known })} AS why FROM (${read})`;
}

/** What of a row's faults counts: one that is left out is not looked at, unless it cannot be read. */
const looksAt = { problem: 'why IS NULL OR _broken IS NOT NULL', emptied: 'why IS NULL' };

/** Reads and checks every row: {@link scanned}. */
async function scan(workspace: Workspace, known: Known, progress: Progress): Promise<void> {
  const { rows, events, settings } = known;
  const text = (role: Role): string => rows.text(role);
  const cancelEvents = settings.cancelEvents.map((event) => literal(event.toLowerCase()));
  const isCancelEvent = cancelEvents.length > 0 ? `coalesce(lower(event) IN (${cancelEvents}), false)` : 'false';
  const countsAll = rows.ignored === nothingIgnored && settings.minRating === undefined;
  const constants = {
    ...interactionConstants(rows.roles, settings.context),
    ...(countsAll && { ignored: 'NULL' }),
  };
  await workspace.fill(
    scanned,
    `SELECT *, CASE WHEN NOT faulty OR _broken IS NULL THEN why END AS ignored FROM (
     SELECT _row, user_id, item_id, moment, event, nullif(read_quantity, 0) AS quantity,
       CASE WHEN read_price >= 0 THEN read_price END AS price, read_value AS value, ${text('order')} AS order_id,
       ${text('title')} AS title, ${text('category')} AS category, part,
       [${settings.context.map((name) => columnOf(rows.source, name))}]::VARCHAR[] AS context,
       hash(${rows.source.columns.map((name) => columnOf(rows.source, name))}) AS twin,
       ${isCancelEvent} OR coalesce(read_quantity < 0, false) AS cancels, (${weightOf('event', events)})::DOUBLE AS weight,
       ${hidesOf('event', events)} AS hides, why, _broken,
       (${looksAt.problem}) AND (${anyFault(rowChecks(known))}) AS faulty,
       (${looksAt.emptied}) AND (${anyFault(valueChecks(known))}) AS emptied
     FROM (${readRow(known)}))`,
    { as: 'file', constants, progress, step: 'check interactions' },
  );
}

/** Says what is wrong with the rows that are, each read once more. */
async function reportScanned(workspace: Workspace, known: Known): Promise<void> {
  const { rows } = known;
  await reportFaults(
    workspace,
    rows,
    `(SELECT _row, CASE WHEN ${looksAt.problem} THEN ${firstProblem(rows, rowChecks(known))} END AS problem,
       CASE WHEN ${looksAt.emptied} THEN ${allFaults(rows, valueChecks(known))} END AS emptied
     FROM (${readRow(known)}) WHERE _row IN (SELECT _row FROM ${scanned} WHERE faulty OR emptied))`,
  );
}

/** SQL for whether a scanned row counts. */
const counts = 'NOT faulty AND ignored IS NULL AND (cancels OR weight > 0)';

/** Sound rows that count, as {@link counted} or, in both directions, {@link mirrored}; returns which of them. */
async function countingRows(workspace: Workspace, settings: ImportSettings, hasDuplicates: boolean): Promise<Table> {
  const drops = settings.duplicates === 'drop' && hasDuplicates;
  const first = 'QUALIFY row_number() OVER (PARTITION BY user_id, item_id, moment, twin ORDER BY _row) = 1';
  await workspace.fill(counted, `SELECT * FROM ${scanned} WHERE ${counts} ${drops ? first : ''}`, {
    as: drops ? 'table' : 'view',
  });
  if (!settings.symmetric) return counted;
  await workspace.fill(
    mirrored,
    `SELECT * FROM ${counted} UNION ALL
     SELECT * REPLACE (item_id AS user_id, user_id AS item_id) FROM ${counted} one WHERE NOT EXISTS
       (SELECT 1 FROM ${counted} other WHERE other.user_id = one.item_id AND other.item_id = one.user_id)`,
  );
  return mirrored;
}

/** Makes {@link interactions} of the rows that count, with what cancellations left of each. */
async function keepRows(
  workspace: Workspace,
  rows: Table,
  { subtracts, filters }: { subtracts: boolean; filters: boolean },
  progress: Progress,
): Promise<void> {
  // Of a purchase that was cancelled in part, value falls with quantity.
  const value = 'coalesce(value, price * coalesce(quantity, 1))';
  const [quantity, worth, join, where] = subtracts
    ? [
        `coalesce(${netted}."left", quantity)`,
        `${value} * coalesce(${netted}."left" / ${netted}.change, 1)`,
        `LEFT JOIN ${netted} ON ${netted}._row = rows._row`,
        `AND coalesce(${netted}."left", 1) > 1e-9`,
      ]
    : ['quantity', value, '', ''];
  await workspace.fill(
    interactions,
    `SELECT rows._row, user_id, item_id, moment, event, weight, hides, ${quantity} AS quantity, ${worth} AS value,
       order_id, part, context
     FROM ${rows} rows ${join} WHERE NOT rows.cancels ${where}`,
    // What rows are taken from must be a table.
    { as: filters ? 'table' : subtracts ? 'file' : 'view', progress, step: 'keep interactions' },
  );
}

/** Makes {@link knownUsers} and {@link knownItems}. */
async function listIds(workspace: Workspace): Promise<void> {
  for (const [table, column] of [
    [knownUsers, 'user_id'],
    [knownItems, 'item_id'],
  ] as const) {
    await workspace.fill(
      table,
      `SELECT ${column} AS id, count(*) AS interactions FROM ${interactions} GROUP BY ${column}`,
    );
  }
}

/** What became of the interactions' rows, and how they were understood. */
export interface ReadInteractions extends InteractionsSummary {
  clock: Clock;
  rows: Rows;
  profile: Profile;
  events: Events;
  /** Rows of the files: read = used + rejected + ignored. */
  accounts: TableMapping['rows'];
}

/**
 * Reads the interactions' rows into the tables {@link interactions}, {@link knownUsers} and {@link knownItems}. The
 * table
 * {@link scanned} stays for what its rows say about items. Malformed rows are added to `rejected`.
 */
export async function readInteractions(
  workspace: Workspace,
  rows: Rows,
  settings: ImportSettings,
  progress: Progress,
): Promise<ReadInteractions> {
  const profile = await profileRows(workspace, rows, settings);
  const events = await readEvents(workspace, rows, settings);
  const { roles } = rows;
  const isSequence = profile.time?.isSequence ?? false;
  const clock =
    roles.time !== undefined && !isSequence
      ? 'time'
      : (roles.time ?? roles.position) !== undefined
        ? 'position'
        : 'file';
  const known = { rows, profile, events, clock, settings } as const;
  await scan(workspace, known, progress);
  const { total, malformed, cancelling, hasFaults, ...ignored } = await countRows(workspace);
  if (hasFaults) await reportScanned(workspace, known);
  const duplicates = clock === 'file' ? 0 : await countDuplicates(workspace);
  const counting = await countingRows(workspace, settings, duplicates > 0);
  const policy = settings.cancellations;
  const subtracts = policy === 'subtract' && cancelling > 0;
  const none = { matched: 0, unmatched: 0, purchasesRemoved: 0, purchasesReduced: 0 };
  const cancellations = subtracts ? await netCancellations(workspace, counting) : { policy, rows: cancelling, ...none };
  const filters = settings.kCore.user > 1 || settings.kCore.item > 1;
  await keepRows(workspace, counting, { subtracts, filters }, progress);
  const kCore = await filterCore(workspace, settings.kCore);
  await listIds(workspace);
  const { n: kept } = await workspace.row(`SELECT coalesce(sum(interactions), 0)::DOUBLE AS n FROM ${knownItems}`);
  const reasons = Object.fromEntries(
    Object.entries({
      ...ignored.reasons,
      ...Object.fromEntries(
        Object.entries(ignored.events).map(([event, n]) => [`event ${event || 'without a name'}`, n]),
      ),
      'equal to an earlier row': settings.duplicates === 'drop' ? duplicates : 0,
      'takes a purchase back': cancelling,
      'was taken back': cancellations.purchasesRemoved,
      'of a user or item with too few': kCore.removed,
    }).filter(([, n]) => n > 0),
  );
  const { unreadable } = rows.source;
  const left = Object.values(reasons).reduce((sum, n) => sum + n, 0);
  const read = total + unreadable;
  const used = read - left - malformed - unreadable;
  return {
    read: total - malformed,
    ignoredEvents: ignored.events,
    duplicates: { policy: settings.duplicates, rows: duplicates },
    cancellations,
    kCore,
    kept: Number(kept),
    clock,
    rows,
    profile,
    events,
    accounts: {
      read,
      used,
      rejected: malformed + unreadable,
      ignored: reasons,
      usedPercent: read === 0 ? 0 : Math.round((1000 * used) / read) / 10,
    },
  };
}

/** Rows that count and are equal in every column to one before: `twin` says all that they hold. */
async function countDuplicates(workspace: Workspace): Promise<number> {
  const { n } = await workspace.row(
    `SELECT coalesce(sum(n - 1), 0)::DOUBLE AS n FROM
       (SELECT count(*) AS n FROM ${scanned} WHERE ${counts} GROUP BY twin HAVING count(*) > 1)`,
  );
  return Number(n);
}

/** Counts of {@link scanned}: rows, malformed ones, and sound ones that do not count, by reason and by event. */
async function countRows(workspace: Workspace) {
  const groups = await workspace.rows(
    `SELECT faulty AS malformed, ignored, cancels AND ignored IS NULL AS cancelling, bool_or(faulty OR emptied) AS faults,
       CASE WHEN NOT faulty AND ignored IS NULL AND NOT cancels AND weight = 0 THEN coalesce(event, '') END AS event,
       count(*)::DOUBLE AS n
     FROM ${scanned} GROUP BY ALL ORDER BY n DESC, event`,
  );
  const counted = {
    total: 0,
    malformed: 0,
    cancelling: 0,
    hasFaults: groups.some(({ faults }) => faults === true),
    reasons: {} as Record<string, number>,
    events: {} as Record<string, number>,
  };
  const add = (to: Record<string, number>, key: unknown, n: number) => {
    to[String(key)] = (to[String(key)] ?? 0) + n;
  };
  for (const { malformed, ignored, cancelling, event, n } of groups) {
    counted.total += Number(n);
    if (malformed) counted.malformed += Number(n);
    else if (ignored !== null) add(counted.reasons, ignored, Number(n));
    else if (cancelling) counted.cancelling += Number(n);
    else if (event !== null) add(counted.events, event, Number(n));
  }
  return counted;
}
