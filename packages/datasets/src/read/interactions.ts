import type { Progress } from '@duet/base';
import type { ImportSettings } from '../request.ts';
import type { Clock } from '../shape.ts';
import type { InteractionsSummary, TableMapping } from '../summary.ts';
import { netCancellations } from './cancellations.ts';
import { filterCore } from './core.ts';
import { type Events, readEvents } from './events.ts';
import { type Profile, profileRows } from './profile.ts';
import type { Rows } from './rows/rows.ts';
import { keptAs, mayRepeat, reportScanned, scan } from './rows/scan.ts';
import {
  counted,
  interactions,
  itemIds,
  knownItems,
  knownUsers,
  mirrored,
  netted,
  scanned,
  userIds,
} from './workspace/tables.ts';
import type { Workspace } from './workspace/workspace.ts';

/** SQL for whether a scanned row counts. */
const counts = 'NOT faulty AND ignored IS NULL AND (cancels OR weight > 0)';

/** SQL for the sound rows that count, as {@link counted} where that is a table; in both directions {@link mirrored}. */
async function countingRows(workspace: Workspace, settings: ImportSettings, hasDuplicates: boolean): Promise<string> {
  const drops = settings.duplicates === 'drop' && hasDuplicates;
  const first = 'QUALIFY row_number() OVER (PARTITION BY user_key, item_key, moment, twin ORDER BY _row) = 1';
  const select = `SELECT * FROM ${scanned} WHERE ${counts} ${drops ? first : ''}`;
  if (!drops && !settings.symmetric) return `(${select})`;
  await workspace.fill(counted, select, { as: drops ? 'table' : 'view' });
  if (!settings.symmetric) return `${counted}`;
  await workspace.fill(
    mirrored,
    `SELECT * FROM ${counted} UNION ALL
     SELECT * REPLACE (item_key AS user_key, user_key AS item_key) FROM ${counted} one WHERE NOT EXISTS
       (SELECT 1 FROM ${counted} other WHERE other.user_key = one.item_key AND other.item_key = one.user_key)`,
  );
  return `${mirrored}`;
}

/** Makes {@link interactions} of the rows that count, with what cancellations left of each. */
async function keepRows(
  workspace: Workspace,
  rows: string,
  { subtracts, isTable }: { subtracts: boolean; isTable: boolean },
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
    `SELECT rows._row, user_key, item_key, moment, event, weight, hides, ${quantity} AS quantity, ${worth} AS value,
       order_id, part, context
     FROM ${rows} rows ${join} WHERE NOT rows.cancels ${where}`,
    { as: isTable ? 'table' : subtracts ? 'file' : 'view', progress, step: 'keep interactions' },
  );
}

/** Makes {@link knownUsers} and {@link knownItems}. */
async function listIds(workspace: Workspace): Promise<void> {
  for (const [table, key, ids] of [
    [knownUsers, 'user_key', userIds],
    [knownItems, 'item_key', itemIds],
  ] as const) {
    await workspace.fill(
      table,
      `SELECT number, id, interactions
       FROM (SELECT ${key} AS number, count(*) AS interactions FROM ${interactions} GROUP BY ${key}) JOIN ${ids} USING (number)`,
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
  const duplicates = mayRepeat(known) ? await countDuplicates(workspace) : 0;
  const counting = await countingRows(workspace, settings, duplicates > 0);
  const policy = settings.cancellations;
  const subtracts = policy === 'subtract' && cancelling > 0;
  const none = { matched: 0, unmatched: 0, purchasesRemoved: 0, purchasesReduced: 0 };
  const cancellations = subtracts ? await netCancellations(workspace, counting) : { policy, rows: cancelling, ...none };
  const filters = settings.kCore.user > 1 || settings.kCore.item > 1;
  // What rows are taken from must be a table.
  await keepRows(workspace, counting, { subtracts, isTable: filters || keptAs(rows) === 'table' }, progress);
  const kCore = await filterCore(workspace, settings.kCore);
  await listIds(workspace);
  const { n: keptRows } = await workspace.row(`SELECT coalesce(sum(interactions), 0)::DOUBLE AS n FROM ${knownItems}`);
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
    kept: Number(keptRows),
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
