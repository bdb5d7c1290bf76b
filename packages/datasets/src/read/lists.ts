import { DuetError } from '@duet/base';
import type { ImportSettings } from '../request.ts';
import { brokenRow, firstProblem, rejectProblems } from './checks.ts';
import { columnOf, type Source } from './source.ts';
import { type Entity, lists, listValues } from './tables.ts';
import { literal, type Workspace } from './workspace.ts';

/**
 * Reads multi-valued attributes into the tables {@link listValues} and {@link lists} of an entity.
 *
 * @throws DuetError `bad-input` naming a column that is missing
 */
export async function readLists(
  workspace: Workspace,
  entity: Entity,
  requested: ImportSettings['userLists'],
  open: (table: string, file: string) => Promise<Source>,
): Promise<void> {
  await workspace.create(listValues(entity));
  for (const [place, [name, list]] of Object.entries(requested).entries()) {
    const source = await open(`${entity}_list_${place}`, list.file);
    for (const column of [list.id, list.value]) {
      if (source.columns.includes(column)) continue;
      throw new DuetError(
        'bad-input',
        `there is no column "${column}" (for the list "${name}"); the file's columns are ${source.columns.join(', ')}.`,
        { where: { file: list.file } },
      );
    }
    const checked = `checked_${entity}_list_${place}`;
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
      `INSERT INTO ${listValues(entity)} SELECT DISTINCT id, ${literal(name)}, value FROM ${checked} WHERE problem IS NULL`,
    );
  }
  await workspace.fill(
    lists(entity),
    `SELECT id, json_group_object(name, joined)::VARCHAR AS lists FROM
       (SELECT id, name, string_agg(value, '|' ORDER BY value) AS joined FROM ${listValues(entity)} GROUP BY id, name)
     GROUP BY id`,
  );
}
