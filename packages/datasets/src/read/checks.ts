import type { FaultSummary } from '../summary.ts';
import type { Rows } from './rows/rows.ts';
import { columnOf, lineOf, partOf } from './source/source.ts';
import { emptied, rejected } from './workspace/tables.ts';
import { literal, type Workspace } from './workspace/workspace.ts';

/** One thing that can be wrong with a row, or with an optional value. */
export interface Check {
  /** SQL that holds for the row when it is. */
  when: string;
  /** The file's column that is to blame; none for the row as a whole. */
  column?: string | undefined;
  /** What is wrong, as SQL text. */
  reason: string;
}

/** What every source's row can suffer from. */
export const brokenRow: Check = { when: '_broken IS NOT NULL', reason: '_broken' };

function fault({ source }: Rows, { column, reason }: Check, more = ''): string {
  const blamed = column === undefined ? '_excerpt' : columnOf(source, column);
  return `{'column': ${literal(column ?? '')}, 'reason': ${reason}, 'value': coalesce(left(${blamed}, 200), '')${more}}`;
}

/** Columns of a row that is told as a whole. */
const mostTold = 100;

/** SQL for the first thing wrong with a row, as `{column, reason, value, record}`; NULL when all is well. */
export function firstProblem(rows: Rows, checks: readonly Check[]): string {
  if (checks.length === 0) return 'NULL::STRUCT("column" VARCHAR, reason VARCHAR, "value" VARCHAR, record VARCHAR)';
  const { columns } = rows.source;
  const fields = columns.slice(0, mostTold).map((name) => `${literal(name)}: ${columnOf(rows.source, name)}`);
  const record = `CASE WHEN _broken IS NULL THEN to_json({${fields}})::VARCHAR END`;
  return `CASE ${checks.map((check) => `WHEN ${check.when} THEN ${fault(rows, check, `, 'record': ${record}`)}`).join(' ')} END`;
}

/**
 * SQL for all that is wrong with a row's optional values, as a list of `{column, reason, value}`; NULL when all is
 * well.
 */
export function allFaults(rows: Rows, checks: readonly Check[]): string {
  if (checks.length === 0) return 'NULL::STRUCT("column" VARCHAR, reason VARCHAR, "value" VARCHAR)[]';
  const each = checks.map((check) => `CASE WHEN ${check.when} THEN ${fault(rows, check)} END`);
  return `CASE WHEN ${anyFault(checks)} THEN list_filter([${each}], lambda one: one IS NOT NULL) END`;
}

/** SQL for whether anything is wrong. */
export const anyFault = (checks: readonly Check[]): string =>
  checks.length === 0 ? 'false' : `coalesce(${checks.map(({ when }) => `(${when})`).join(' OR ')}, false)`;

/** Adds a relation's rows with a `problem` to those rejected, and counts the values that were `emptied` in the others. */
export async function reportFaults(
  workspace: Workspace,
  { source }: Rows,
  table: string,
  hasEmptied = true,
): Promise<void> {
  const file = partOf('_row', source);
  await workspace.run(
    `INSERT INTO ${rejected} SELECT ${file}, ${lineOf('_row')}, problem.column, problem.reason, problem.value, problem.record
     FROM ${table} WHERE problem IS NOT NULL`,
  );
  if (!hasEmptied) return;
  await workspace.run(
    `INSERT INTO ${emptied}
     SELECT min(${file}), one.column, one.reason, count(*), min_by(${lineOf('_row')}, _row, 3), min_by(one.value, _row, 3)
     FROM (SELECT _row, unnest(emptied) AS one FROM ${table} WHERE problem IS NULL AND emptied IS NOT NULL)
     GROUP BY one.column, one.reason`,
  );
}

/** Values that could not be read, by reason, with three of each. */
export async function summariseEmptied(workspace: Workspace): Promise<FaultSummary> {
  const found = await workspace.rows(
    `SELECT * REPLACE (rows::DOUBLE AS rows, line::DOUBLE[] AS line) FROM ${emptied} ORDER BY rows DESC, "column", reason`,
  );
  const byReason: Record<string, number> = {};
  for (const { reason, rows } of found) byReason[String(reason)] = (byReason[String(reason)] ?? 0) + Number(rows);
  return {
    total: found.reduce((sum, { rows }) => sum + Number(rows), 0),
    byReason,
    examples: found.flatMap(({ file, column, reason, line, value }) =>
      (line as number[]).map((one, at) => ({
        file: String(file),
        line: Number(one),
        column: String(column),
        reason: String(reason),
        value: String((value as string[])[at] ?? ''),
      })),
    ),
  };
}
