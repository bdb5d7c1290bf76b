import type { Progress } from '@duet/base';
import type { ImportSettings } from '../request.ts';
import { type Clock, isOneKind, splitParts } from '../shape.ts';
import type { InteractionsSummary } from '../summary.ts';
import { netCancellations } from './cancellations.ts';
import { brokenRow, type Check, finite, firstProblem, rejectProblems } from './checks.ts';
import type { Roles } from './columns.ts';
import { filterCore } from './core.ts';
import { columnOf, type Source } from './source.ts';
import { counted, interactions, knownItems, knownUsers, mirrored, netted, scanned, type Table } from './tables.ts';
import { literal, type Workspace } from './workspace.ts';

/** What a file calls the parts of its split, in lower case. */
const partNames: Record<(typeof splitParts)[number], string[]> = {
  train: ['train', 'training'],
  validation: ['validation', 'valid', 'val', 'dev'],
  test: ['test', 'testing'],
};

/** SQL for the place in `splitParts` that text names, else NULL. */
const partOf = (text: string): string =>
  `CASE ${splitParts.map((part, i) => `WHEN lower(${text}) IN (${partNames[part].map(literal)}) THEN ${i}`).join(' ')} END::UTINYINT`;

/** SQL for Unix seconds of text: a number of seconds, milli-, micro- or nanoseconds, told by its size, or ISO 8601. */
function unixSeconds(text: string): string {
  const number = `try_cast(${text} AS DOUBLE)`;
  const isDate = `regexp_matches(${text}, '^[0-9]{4}-[0-9]{2}-[0-9]{2}')`;
  return `CASE WHEN ${number} IS NULL THEN CASE WHEN ${isDate} THEN epoch(try_cast(${text} AS TIMESTAMPTZ)) END
    WHEN NOT isfinite(${number}) THEN NULL
    WHEN abs(${number}) < 1e11 THEN ${number}
    WHEN abs(${number}) < 1e14 THEN ${number} / 1e3
    WHEN abs(${number}) < 1e17 THEN ${number} / 1e6
    ELSE ${number} / 1e9 END`;
}

function rowChecks(source: Source, roles: Roles, settings: ImportSettings, clock: Clock): Check[] {
  const { user, item, event, quantity, price, value } = roles;
  const checks: Check[] = [brokenRow];
  const add = (column: string | undefined, when: string, reason: string): void => {
    if (column !== undefined) checks.push({ when, column, reason: literal(reason) });
  };
  const number = (column: string | undefined, name: string): void =>
    add(column, `${columnOf(source, column)} IS NOT NULL AND ${name} IS NULL`, `${name} is not a number`);
  add(user, 'user_id IS NULL', 'no user');
  add(item, 'item_id IS NULL', 'no item');
  if (isOneKind(settings)) add(item, 'item_id = user_id', 'both sides are the same user');
  if (clock === 'time') {
    add(roles.time, `${columnOf(source, roles.time)} IS NULL`, 'no time');
    add(roles.time, 'moment IS NULL', 'time is neither Unix time nor ISO 8601');
    add(roles.time, 'NOT (year(to_timestamp(moment)) BETWEEN 1900 AND 2200)', 'time is outside 1900 to 2200');
  } else if (clock === 'position') {
    add(roles.position, `${columnOf(source, roles.position)} IS NULL`, 'no position');
    add(roles.position, 'moment IS NULL', 'position is not a number');
  }
  add(event, 'event IS NULL', 'no event');
  number(quantity, 'quantity');
  add(quantity, 'quantity = 0', 'quantity is zero');
  number(price, 'price');
  add(price, 'price < 0', 'price is negative');
  number(value, 'value');
  add(roles.split, 'part IS NULL', `split is neither ${splitParts.join(' nor ')}`);
  return checks;
}

/** Reads and checks every row: {@link scanned}. */
async function scan(
  workspace: Workspace,
  source: Source,
  roles: Roles,
  settings: ImportSettings,
  clock: Clock,
  progress: Progress,
): Promise<void> {
  const text = (role: keyof Roles): string => columnOf(source, roles[role]);
  const moment = { time: unixSeconds(text('time')), position: finite(text('position')), file: '_line::DOUBLE' }[clock];
  const cancelEvents = settings.cancelEvents.map((event) => literal(event.toLowerCase()));
  const isCancelEvent = cancelEvents.length > 0 ? `coalesce(lower(event) IN (${cancelEvents}), false)` : 'false';
  const weights = Object.entries(settings.eventWeights ?? {}).map(([event, n]) => `WHEN ${literal(event)} THEN ${n}`);
  const weight = settings.eventWeights
    ? weights.length > 0
      ? `CASE event ${weights.join(' ')} ELSE 0 END`
      : '0'
    : '1';
  await workspace.fill(
    scanned,
    `SELECT _line, user_id, item_id, moment, event, quantity, price, value, order_id, title, category, part, context, twin,
       ${isCancelEvent} OR coalesce(quantity < 0, false) AS cancels, (${weight})::DOUBLE AS weight,
       ${firstProblem(source, rowChecks(source, roles, settings, clock))} AS problem
     FROM (SELECT *, ${text('user')} AS user_id, ${text('item')} AS item_id, ${moment} AS moment, ${text('event')} AS event,
             ${finite(text('quantity'))} AS quantity, ${finite(text('price'))} AS price,
             ${finite(text('value'))} AS value, ${text('order')} AS order_id, ${text('title')} AS title,
             ${text('category')} AS category, ${partOf(text('split'))} AS part,
             [${settings.context.map((name) => columnOf(source, name))}]::VARCHAR[] AS context,
             hash(${source.columns.map((name) => columnOf(source, name))}) AS twin
           FROM ${source.view})`,
    { as: 'file', progress, step: 'check interactions' },
  );
  await rejectProblems(workspace, source, scanned.name);
}

/** Sound rows that count, as {@link counted} or, in both directions, {@link mirrored}; returns which of them. */
async function countRows(workspace: Workspace, settings: ImportSettings, hasDuplicates: boolean): Promise<Table> {
  const drops = settings.duplicates === 'drop' && hasDuplicates;
  const first = 'QUALIFY row_number() OVER (PARTITION BY user_id, item_id, moment, twin ORDER BY _line) = 1';
  await workspace.fill(
    counted,
    `SELECT * FROM ${scanned} WHERE problem IS NULL AND (cancels OR weight > 0) ${drops ? first : ''}`,
    { as: drops ? 'table' : 'view' },
  );
  if (!settings.symmetric) return counted;
  await workspace.fill(
    mirrored,
    `SELECT * FROM ${counted} UNION ALL
     SELECT * REPLACE (item_id AS user_id, user_id AS item_id) FROM ${counted} one WHERE NOT EXISTS
       (SELECT 1 FROM ${counted} other WHERE other.user_id = one.item_id AND other.item_id = one.user_id)`,
  );
  return mirrored;
}

/** Numbers users and items, and keeps what cancellations left of each row: {@link interactions}. */
async function numberRows(workspace: Workspace, rows: Table, subtracts: boolean, progress: Progress): Promise<void> {
  for (const [table, column] of [
    [knownUsers, 'user_id'],
    [knownItems, 'item_id'],
  ] as const) {
    await workspace.fill(
      table,
      `SELECT (row_number() OVER (ORDER BY id) - 1)::INTEGER AS key, id
       FROM (SELECT DISTINCT ${column} AS id FROM ${rows} WHERE NOT cancels)`,
    );
  }
  // Of a purchase that was cancelled in part, value falls with quantity.
  const value = 'coalesce(value, price * coalesce(quantity, 1))';
  const [quantity, worth, join, where] = subtracts
    ? [
        `coalesce(${netted}."left", quantity)`,
        `${value} * coalesce(${netted}."left" / ${netted}.change, 1)`,
        `LEFT JOIN ${netted} ON ${netted}._line = rows._line`,
        `AND coalesce(${netted}."left", 1) > 1e-9`,
      ]
    : ['quantity', value, '', ''];
  await workspace.fill(
    interactions,
    `SELECT rows._line, u.key AS user_key, i.key AS item_key, moment, weight, ${quantity} AS quantity, ${worth} AS value,
       order_id, part, context
     FROM ${rows} rows JOIN ${knownUsers} u ON u.id = user_id JOIN ${knownItems} i ON i.id = item_id ${join}
     WHERE NOT rows.cancels ${where}`,
    { progress, step: 'number interactions' },
  );
}

/**
 * Reads the interactions source into the tables {@link interactions}, {@link knownUsers} and {@link knownItems}. The table
 * {@link scanned} stays for what its rows say about items. Malformed rows are added to {@link rejected}.
 */
export async function readInteractions(
  workspace: Workspace,
  source: Source,
  roles: Roles,
  settings: ImportSettings,
  progress: Progress,
): Promise<InteractionsSummary & { clock: Clock }> {
  const clock = roles.time !== undefined ? 'time' : roles.position !== undefined ? 'position' : 'file';
  await scan(workspace, source, roles, settings, clock, progress);
  const count = async (sql: string): Promise<number> => Number((await workspace.row(sql)).n);
  const read = await count(`SELECT count(*)::DOUBLE AS n FROM ${scanned} WHERE problem IS NULL`);
  const ignored = await workspace.rows(
    `SELECT event, count(*)::DOUBLE AS n FROM ${scanned} WHERE problem IS NULL AND NOT cancels AND weight = 0
     GROUP BY event ORDER BY n DESC, event LIMIT 100`,
  );
  const duplicates = await count(
    `SELECT coalesce(sum(n - 1), 0)::DOUBLE AS n FROM (SELECT count(*) AS n FROM ${scanned}
     WHERE problem IS NULL AND (cancels OR weight > 0) GROUP BY user_id, item_id, moment, twin HAVING count(*) > 1)`,
  );
  const rows = await countRows(workspace, settings, duplicates > 0);
  const policy = settings.cancellations;
  const cancelling = await count(`SELECT count(*)::DOUBLE AS n FROM ${rows} WHERE cancels`);
  const subtracts = policy === 'subtract' && cancelling > 0;
  const none = { matched: 0, unmatched: 0, purchasesRemoved: 0, purchasesReduced: 0 };
  const cancellations = subtracts ? await netCancellations(workspace, rows) : { policy, rows: cancelling, ...none };
  await numberRows(workspace, rows, subtracts, progress);
  const kCore = await filterCore(workspace, settings.kCore);
  return {
    read,
    ignoredEvents: Object.fromEntries(ignored.map(({ event, n }) => [String(event ?? ''), Number(n)])),
    duplicates: { policy: settings.duplicates, rows: duplicates },
    cancellations,
    kCore,
    kept: await count(`SELECT count(*)::DOUBLE AS n FROM ${interactions}`),
    clock,
  };
}
