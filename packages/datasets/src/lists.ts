import { DuetError } from '@duet/base';
import { brokenRow, firstProblem, rejectProblems } from './checks.ts';
import type { ImportSettings } from './request.ts';
import { columnOf, type Source } from './source.ts';
import { literal, type Workspace } from './workspace.ts';

/**
 * Reads multi-valued attributes into the table `lists_<table>(id, lists)`: of each id a JSON object of its distinct
 * values by attribute, joined by |.
 *
 * @throws DuetError `bad-input` naming a column that is missing
 */
export async function readLists(
  workspace: Workspace,
  table: 'users' | 'items',
  lists: ImportSettings['userLists'],
  open: (table: string, file: string) => Promise<Source>,
): Promise<void> {
  await workspace.run(`CREATE TABLE values_${table} (id VARCHAR, name VARCHAR, value VARCHAR)`);
  for (const [place, [name, list]] of Object.entries(lists).entries()) {
    const source = await open(`${table}_list_${place}`, list.file);
    for (const column of [list.id, list.value]) {
      if (source.columns.includes(column)) continue;
      throw new DuetError(
        'bad-input',
        `there is no column "${column}" (for the list "${name}"); the file's columns are ${source.columns.join(', ')}.`,
        { where: { file: list.file } },
      );
    }
    const checked = `checked_${table}_list_${place}`;
    const checks = [
      brokenRow,
      { when: 'id IS NULL', column: list.id, reason: literal('no id') },
      { when: 'value IS NULL', column: list.value, reason: literal('no value') },
    ];
    await workspace.run(
      `CREATE TABLE ${checked} AS SELECT *, ${firstProblem(source, checks)} AS problem FROM
         (SELECT *, ${columnOf(source, list.id)} AS id, ${columnOf(source, list.value)} AS value FROM ${source.view})`,
    );
    await rejectProblems(workspace, source, checked);
    await workspace.run(
      `INSERT INTO values_${table} SELECT DISTINCT id, ${literal(name)}, value FROM ${checked} WHERE problem IS NULL`,
    );
  }
  await workspace.run(
    `CREATE TABLE lists_${table} AS SELECT id, json_group_object(name, joined)::VARCHAR AS lists FROM
       (SELECT id, name, string_agg(value, '|' ORDER BY value) AS joined FROM values_${table} GROUP BY id, name)
     GROUP BY id`,
  );
}
