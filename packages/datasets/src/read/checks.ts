import { columnOf, type Source } from './source.ts';
import { rejected } from './tables.ts';
import { literal, type Workspace } from './workspace.ts';

/** One thing that can be wrong with a row. */
export interface Check {
  /** SQL that holds for the row when it is. */
  when: string;
  /** The file's column that is to blame; none for the row as a whole. */
  column?: string | undefined;
  /** What is wrong, as SQL text. */
  reason: string;
}

/** SQL for text as a finite number, else NULL. */
export const finite = (text: string): string =>
  `CASE WHEN isfinite(try_cast(${text} AS DOUBLE)) THEN try_cast(${text} AS DOUBLE) END`;

/** What every source's row can suffer from. */
export const brokenRow: Check = { when: '_broken IS NOT NULL', reason: '_broken' };

/** SQL for the first thing wrong with a row, as `{column, reason, value}`; NULL when all is well. */
export function firstProblem(source: Source, checks: Check[]): string {
  const cases = checks.map(({ when, column, reason }) => {
    const blamed = column === undefined ? '_excerpt' : columnOf(source, column);
    const value = `coalesce(left(${blamed}, 200), '')`;
    return `WHEN ${when} THEN {'column': ${literal(column ?? '')}, 'reason': ${reason}, 'value': ${value}}`;
  });
  return `CASE ${cases.join(' ')} END`;
}

/** Adds a table's rows with a `problem` to those rejected. */
export async function rejectProblems(workspace: Workspace, source: Source, table: string): Promise<void> {
  await workspace.run(
    `INSERT INTO ${rejected} SELECT ${literal(source.file)}, _line, problem.column, problem.reason, problem.value
     FROM ${table} WHERE problem IS NOT NULL`,
  );
}
