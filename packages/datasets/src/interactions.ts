import type { Progress } from '@duet/base';
import { brokenRow, type Check, finite, firstProblem, rejectProblems } from './checks.ts';
import type { Roles } from './columns.ts';
import type { ImportSettings } from './request.ts';
import { isOneKind } from './sides.ts';
import { columnOf, type Source } from './source.ts';
import { splitParts } from './splits.ts';
import { literal, type Workspace } from './workspace.ts';

/** What became of the sound rows of the interactions file; the malformed ones are counted by reason elsewhere. */
export interface InteractionsSummary {
  read: number;
  /** Rows of events without a weight, by event. */
  ignoredEvents: Record<string, number>;
  /** Rows equal in every column to an earlier one. */
  duplicates: { policy: ImportSettings['duplicates']; rows: number };
  cancellations: {
    policy: ImportSettings['cancellations'];
    rows: number;
    /** When subtracted: rows that took something of an earlier purchase of the user and item back, and those that found none. */
    matched: number;
    unmatched: number;
    /** Purchases that nothing is left of, and those that less is left of. */
    purchasesRemoved: number;
    purchasesReduced: number;
  };
  /** What the k-core filter removed, in how many rounds. */
  kCore: { removed: number; rounds: number };
  kept: number;
}

/** What a file calls the parts of its split, in lower case. */
const partNames: Record<(typeof splitParts)[number], string[]> = {
  train: ['train', 'training'],
  validation: ['validation', 'valid', 'val', 'dev'],
  test: ['test', 'testing'],
};

/** SQL for the place in `splitParts` that text names, else NULL. */
const partOf = (text: string): string =>
  `CASE ${splitParts.map((part, i) => `WHEN lower(${text}) IN (${partNames[part].map(literal)}) THEN ${i}`).join(' ')} END::UTINYINT`;

/** What `time` holds: Unix seconds, positions, or the row's place among its user's rows of the file. */
export type Clock = 'time' | 'position' | 'file';

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

/** Reads and checks every row: `scanned`. */
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
  await workspace.materialise(
    'scanned',
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
    { progress, step: 'check interactions' },
  );
  await rejectProblems(workspace, source, 'scanned');
}

/**
 * Takes cancellations off the purchases before them, the latest first: the table `netted(_line, left)` of every
 * purchase that lost something.
 *
 * A user's purchases of an item are a stack of units that purchases raise and cancellations lower, never below nothing.
 * With S the running sum of quantities, its height is H = S − min(0, running minimum of S), and what is left of a
 * purchase that raised it from h is the part of [h, h + quantity] below the lowest height from then on.
 */
async function netCancellations(workspace: Workspace): Promise<InteractionsSummary['cancellations']> {
  await workspace.run(`
    CREATE TABLE netted AS
    WITH units AS (
      SELECT _line, user_id, item_id, moment, cancels,
        CASE WHEN cancels THEN -abs(coalesce(quantity, 1)) ELSE coalesce(quantity, 1) END AS change
      FROM kept SEMI JOIN (SELECT DISTINCT user_id, item_id FROM kept WHERE cancels) USING (user_id, item_id)
    ), sums AS (
      SELECT *, sum(change) OVER (PARTITION BY user_id, item_id ORDER BY moment, _line) AS s FROM units
    ), heights AS (
      SELECT *, s - least(0, min(s) OVER (PARTITION BY user_id, item_id ORDER BY moment, _line)) AS height FROM sums
    ), futures AS (
      SELECT *,
        coalesce(lag(height) OVER (PARTITION BY user_id, item_id ORDER BY moment, _line), 0) AS before,
        min(height) OVER (PARTITION BY user_id, item_id ORDER BY moment, _line
                          ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS lowest
      FROM heights
    )
    SELECT _line, cancels, change, before, greatest(0, least(change, lowest - before)) AS left FROM futures
  `);
  const row = await workspace.row(`
    SELECT count(*) FILTER (cancels)::DOUBLE AS rows,
      count(*) FILTER (cancels AND before > 0)::DOUBLE AS matched,
      count(*) FILTER (cancels AND before <= 0)::DOUBLE AS unmatched,
      count(*) FILTER (NOT cancels AND "left" <= 1e-9)::DOUBLE AS removed,
      count(*) FILTER (NOT cancels AND "left" > 1e-9 AND "left" < change)::DOUBLE AS reduced
    FROM netted`);
  return {
    policy: 'subtract',
    rows: Number(row.rows),
    matched: Number(row.matched),
    unmatched: Number(row.unmatched),
    purchasesRemoved: Number(row.removed),
    purchasesReduced: Number(row.reduced),
  };
}

/** Removes interactions of users and items with too few until none are left: the k-core (Batagelj & Zaveršnik 2003). */
async function filterCore(workspace: Workspace, core: ImportSettings['kCore']): Promise<InteractionsSummary['kCore']> {
  const prune = (key: string, least: number): Promise<number> =>
    least <= 1
      ? Promise.resolve(0)
      : workspace.run(
          `DELETE FROM interactions WHERE ${key} IN
           (SELECT ${key} FROM interactions GROUP BY ${key} HAVING count(*) < ${least})`,
        );
  const result = { removed: 0, rounds: 0 };
  for (;;) {
    const removed = (await prune('user_key', core.user)) + (await prune('item_key', core.item));
    if (removed === 0) return result;
    result.removed += removed;
    result.rounds++;
  }
}

/**
 * Reads the interactions source into the table `interactions(_line, user_key, item_key, moment, weight, quantity, value,
 * order_id, part, context)`, whose keys are those of `known_users(key, id)` and `known_items(key, id)`. The table `scanned` stays for
 * what its rows say about items. Malformed rows are added to `rejected`.
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
  const read = await count('SELECT count(*)::DOUBLE AS n FROM scanned WHERE problem IS NULL');
  const ignored = await workspace.rows(
    `SELECT event, count(*)::DOUBLE AS n FROM scanned WHERE problem IS NULL AND NOT cancels AND weight = 0
     GROUP BY event ORDER BY n DESC, event LIMIT 100`,
  );

  const duplicates = {
    policy: settings.duplicates,
    rows: await count(
      `SELECT coalesce(sum(n - 1), 0)::DOUBLE AS n FROM (SELECT count(*) AS n FROM scanned
       WHERE problem IS NULL AND (cancels OR weight > 0) GROUP BY user_id, item_id, moment, twin HAVING count(*) > 1)`,
    ),
  };
  const first = 'QUALIFY row_number() OVER (PARTITION BY user_id, item_id, moment, twin ORDER BY _line) = 1';
  const dropping = duplicates.policy === 'drop' && duplicates.rows > 0;
  const onePass = settings.symmetric ? 'said' : 'kept';
  await workspace.run(
    `CREATE ${dropping ? 'TABLE' : 'VIEW'} ${onePass} AS
     SELECT _line, user_id, item_id, moment, cancels, weight, quantity, price, value, order_id, part, context
     FROM scanned WHERE problem IS NULL AND (cancels OR weight > 0) ${dropping ? first : ''}`,
  );

  if (settings.symmetric) {
    await workspace.run(
      `CREATE TABLE kept AS FROM said UNION ALL
       SELECT * REPLACE (item_id AS user_id, user_id AS item_id) FROM said one WHERE NOT EXISTS
         (SELECT 1 FROM said other WHERE other.user_id = one.item_id AND other.item_id = one.user_id)`,
    );
  }

  const cancelled = await count('SELECT count(*)::DOUBLE AS n FROM kept WHERE cancels');
  const subtract = settings.cancellations === 'subtract' && cancelled > 0;
  const cancellations = subtract
    ? await netCancellations(workspace)
    : {
        policy: settings.cancellations,
        rows: cancelled,
        matched: 0,
        unmatched: 0,
        purchasesRemoved: 0,
        purchasesReduced: 0,
      };
  for (const entity of ['user', 'item']) {
    await workspace.run(
      `CREATE TABLE known_${entity}s AS SELECT (row_number() OVER (ORDER BY id) - 1)::INTEGER AS key, id
       FROM (SELECT DISTINCT ${entity}_id AS id FROM kept WHERE NOT cancels)`,
    );
  }
  // Of a purchase that was cancelled in part, value falls with quantity.
  const quantity = subtract ? 'coalesce(netted."left", quantity)' : 'quantity';
  const value = 'coalesce(value, price * coalesce(quantity, 1))';
  await workspace.run(
    `CREATE TABLE interactions AS
     SELECT kept._line, u.key AS user_key, i.key AS item_key, moment, weight, ${quantity} AS quantity,
       ${subtract ? `${value} * coalesce(netted."left" / netted.change, 1)` : value} AS value, order_id, part, context
     FROM kept JOIN known_users u ON u.id = user_id JOIN known_items i ON i.id = item_id
     ${subtract ? 'LEFT JOIN netted ON netted._line = kept._line' : ''}
     WHERE NOT kept.cancels ${subtract ? 'AND coalesce(netted."left", 1) > 1e-9' : ''}`,
    { progress, step: 'number interactions' },
  );
  const kCore = await filterCore(workspace, settings.kCore);
  return {
    read,
    ignoredEvents: Object.fromEntries(ignored.map(({ event, n }) => [String(event ?? ''), Number(n)])),
    duplicates,
    cancellations,
    kCore,
    kept: await count('SELECT count(*)::DOUBLE AS n FROM interactions'),
    clock,
  };
}
