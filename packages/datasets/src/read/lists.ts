import { DuetError } from '@duet/base';
import type { ImportSettings } from '../request.ts';
import { columnOf, lineOf, partOf, type Source } from './source/source.ts';
import { type Entity, lists, listValues, rejected, type Table } from './workspace/tables.ts';
import { literal, type Workspace } from './workspace/workspace.ts';

/** The tables that {@link readLists} fills, where nothing is asked of an entity's lists. */
export const emptyLists = (entity: Entity, requested: ImportSettings['userLists']): Table[] =>
  Object.keys(requested).length === 0 ? [listValues(entity), lists(entity)] : [listValues(entity)];

/**
 * Reads multi-valued attributes into the tables {@link listValues} and {@link lists} of an entity.
 *
 * @throws DuetError `bad-input` naming a column that is missing
 */
export async function readLists(
  workspace: Workspace,
  entity: Entity,
  requested: ImportSettings['userLists'],
  open: (table: string, file: string) => Promise<Source[]>,
): Promise<void> {
  if (Object.keys(requested).length === 0) return;
  for (const [place, [name, list]] of Object.entries(requested).entries()) {
    const [source] = await open(`${entity}_list_${place}`, list.file);
    if (source === undefined) continue;
    await source.open();
    for (const column of [list.id, list.value]) {
      if (source.columns.includes(column)) continue;
      throw new DuetError(
        'bad-input',
        `there is no column "${column}" (for the list "${name}"); the file's columns are ${source.columns.join(', ')}.`,
        { where: { file: list.file } },
      );
    }
    const id = `nfc_normalize(${columnOf(source, list.id)})`;
    const value = columnOf(source, list.value);
    const problem = `CASE WHEN _broken IS NOT NULL THEN {'column': '', 'reason': _broken, 'value': coalesce(_excerpt, '')}
      WHEN ${id} IS NULL THEN {'column': ${literal(list.id)}, 'reason': 'no id', 'value': ''}
      WHEN ${value} IS NULL THEN {'column': ${literal(list.value)}, 'reason': 'no value', 'value': ''} END`;
    await workspace.run(
      `INSERT INTO ${rejected} SELECT ${partOf('_row', source)}, ${lineOf('_row')}, problem.column, problem.reason, problem.value, NULL
       FROM (SELECT _row, ${problem} AS problem FROM ${source.view}) WHERE problem IS NOT NULL`,
    );
    await workspace.run(
      `INSERT INTO ${listValues(entity)} SELECT DISTINCT ${id}, ${literal(name)}, ${value} FROM ${source.view}
       WHERE _broken IS NULL AND ${id} IS NOT NULL AND ${value} IS NOT NULL`,
    );
  }
  await workspace.fill(
    lists(entity),
    `SELECT id, json_group_object(name, joined)::VARCHAR AS lists FROM
       (SELECT id, name, string_agg(value, '|' ORDER BY value) AS joined FROM ${listValues(entity)} GROUP BY id, name)
     GROUP BY id`,
  );
}
