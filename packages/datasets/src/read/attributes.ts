import { columnNamed, plain } from './forms/form.ts';
import type { Rows } from './rows/rows.ts';
import { columnOf } from './source/source.ts';
import { literal, type Workspace } from './workspace/workspace.ts';

/** A number as JSON writes it: no leading zero, as ids have it, and not more digits than a double keeps. */
const jsonNumber = '^-?(0|[1-9][0-9]{0,14})(\\.[0-9]{1,10})?$';

/** Columns of which an entity's attributes are made: those without a role that the form does not leave out. */
export function attributeColumns({ source, roles, file }: Rows): string[] {
  const taken = new Set(Object.values(roles).flat());
  const left = new Set(file?.leaveOut.map((name) => plain(columnNamed(source.columns, name, file.aliases) ?? name)));
  return source.columns.filter((name) => !taken.has(name) && !left.has(plain(name)));
}

/** SQL for a JSON object of an entity's attributes, without those that are missing; columns of numbers stay numbers. */
export async function attributesOf(
  workspace: Workspace,
  rows: Rows,
  more: Record<string, string> = {},
): Promise<string> {
  const names = attributeColumns(rows);
  const column = (name: string): string => columnOf(rows.source, name);
  const profile =
    names.length === 0
      ? {}
      : await workspace.row(
          `SELECT ${names.map((name, i) => `coalesce(bool_and(regexp_matches(${column(name)}, '${jsonNumber}')), false) AS n${i}`)}
           FROM ${rows.source.view} WHERE _broken IS NULL`,
        );
  const pairs = [
    ...names.map(
      (name, i) => `${literal(name)}, ${profile[`n${i}`] === true ? `${column(name)}::JSON` : column(name)}`,
    ),
    ...Object.entries(more).map(([name, sql]) => `${literal(name)}, ${sql}`),
  ];
  return pairs.length > 0 ? `json_merge_patch('{}', json_object(${pairs}))::VARCHAR` : `'{}'`;
}

/** SQL for the attributes of an entity's own file and of its lists. */
export const allAttributes = `json_merge_patch(coalesce(attributes, '{}'), coalesce(lists, '{}'))::VARCHAR`;
