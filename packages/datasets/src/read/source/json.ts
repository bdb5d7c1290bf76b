import { present } from '../values/missing.ts';
import { literal, type Workspace } from '../workspace.ts';
import { type JsonColumn, jsonColumns, jsonPath, pointer } from './json-columns.ts';
import { readClean, rowNumber, type Source, type SourceAbout } from './source.ts';

/** SQL for a value as text, a list's values joined by |. */
const listed = (text: string): string =>
  `CASE WHEN ${text} LIKE '[%' AND json_valid(${text}) THEN array_to_string(json_extract_string(${text}, '$[*]'), '|')
     ELSE ${text} END`;

/** A source of records that are JSON objects: the columns part, line and json of a relation. */
export async function jsonRelation(workspace: Workspace, about: SourceAbout, relation: string): Promise<Source> {
  const isObject = `CASE WHEN json_valid(json) THEN json_type(json) = 'OBJECT' ELSE false END`;
  const { structure } = await workspace.row(
    `SELECT json_group_structure(json::JSON)::VARCHAR AS structure FROM ${relation} WHERE ${isObject}`,
  );
  const columns = jsonColumns(JSON.parse(String(structure ?? '{}')));
  const arrays = [...new Set(columns.flatMap(({ array }) => array?.name ?? []))];
  const open = async (array?: string): Promise<void> => {
    const spread = columns.find((column) => column.array?.name === array)?.array;
    const text = ({ path, array: own }: JsonColumn): string => {
      if (own && own.name === spread?.name) return listed(`json_extract_string(element, ${literal(pointer(path))})`);
      if (!own) return listed(`json_extract_string(json, ${literal(pointer(path))})`);
      return `array_to_string(json_extract_string(json, ${literal(`${jsonPath('$', own.path)}[*]${jsonPath('', path)}`)}), '|')`;
    };
    const elements = spread
      ? `unnest(CASE WHEN ${isObject} AND json_array_length(json, ${literal(pointer(spread.path))}) > 0
           THEN json_extract(json, ${literal(pointer(spread.path))})::JSON[] ELSE [NULL::JSON] END) AS element,
         generate_subscripts(CASE WHEN ${isObject} AND json_array_length(json, ${literal(pointer(spread.path))}) > 0
           THEN json_extract(json, ${literal(pointer(spread.path))})::JSON[] ELSE [NULL::JSON] END, 1) - 1 AS place`
      : 'NULL::JSON AS element, 0 AS place';
    await workspace.run(
      `CREATE OR REPLACE VIEW ${about.view} AS
       SELECT ${rowNumber('part', 'line', 'place')} AS _row,
         CASE WHEN sound THEN NULL ELSE 'not a JSON object' END AS _broken, left(json, 200) AS _excerpt
         ${columns.map((column, i) => `, ${present(`CASE WHEN sound THEN ${text(column)} END`)} AS c${i + 1}`).join('')}
       FROM (SELECT part, line, json, ${isObject} AS sound, ${elements} FROM ${relation})`,
    );
  };
  return { ...about, columns: columns.map(({ name }) => name), arrays, open };
}

/** A source of the JSON objects that a sink has written. */
export const jsonSource = (workspace: Workspace, about: SourceAbout, clean: string): Promise<Source> =>
  jsonRelation(workspace, about, readClean([clean], ['part', 'line', 'json'], ['BIGINT', 'BIGINT', 'VARCHAR']));
