import { present } from '../values/missing.ts';
import { literal, type Workspace } from '../workspace/workspace.ts';
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
    const outer = spread?.within ?? spread;
    const text = ({ path, array }: JsonColumn): string => {
      const one = (of: string): string => listed(`json_extract_string(${of}, ${literal(pointer(path))})`);
      const all = (of: string, keys: string): string =>
        `array_to_string(json_extract_string(${of}, ${literal(`${keys}[*]${jsonPath('', path)}`)}), '|')`;
      if (!array) return one('json');
      if (array.name === spread?.name) return one('element');
      if (array.name === outer?.name) return one('parent');
      if (array.within && array.within.name === spread?.name) return all('element', jsonPath('$', array.path));
      return all('json', `${array.within ? `${jsonPath('$', array.within.path)}[*]` : '$'}${jsonPath('', array.path)}`);
    };
    const elements = (of: string, path: readonly string[]): string =>
      `CASE WHEN json_array_length(${of}, ${literal(pointer(path))}) > 0
         THEN json_extract(${of}, ${literal(pointer(path))})::JSON[] ELSE [NULL::JSON] END`;
    const pairs = (): string => {
      const all = `CASE WHEN ${isObject} THEN ${elements('json', outer!.path)} ELSE [NULL::JSON] END`;
      if (!spread!.within) return `list_transform(${all}, lambda one: {'parent': NULL::JSON, 'element': one})`;
      const inner = `list_transform(${elements('whole', spread!.path)}, lambda one: {'parent': whole, 'element': one})`;
      return `flatten(list_transform(${all}, lambda whole: ${inner}))`;
    };
    const rows = spread
      ? `(SELECT part, line, json, unnest(pairs) AS pair, generate_subscripts(pairs, 1) - 1 AS place
          FROM (SELECT *, ${pairs()} AS pairs FROM ${relation}))`
      : `(SELECT *, {'parent': NULL::JSON, 'element': NULL::JSON} AS pair, 0 AS place FROM ${relation})`;
    await workspace.run(
      `CREATE OR REPLACE VIEW ${about.view} AS
       SELECT ${rowNumber('part', 'line', 'place')} AS _row,
         CASE WHEN sound THEN NULL ELSE 'not a JSON object' END AS _broken, left(json, 200) AS _excerpt
         ${columns.map((column, i) => `, ${present(`CASE WHEN sound THEN ${text(column)} END`)} AS c${i + 1}`).join('')}
       FROM (SELECT part, line, json, ${isObject} AS sound, pair.parent, pair.element, place FROM ${rows})`,
    );
  };
  return { ...about, columns: columns.map(({ name }) => name), arrays, open };
}

/** A source of the JSON objects that a sink has written. */
export const jsonSource = (workspace: Workspace, about: SourceAbout, clean: string): Promise<Source> =>
  jsonRelation(workspace, about, readClean([clean], ['part', 'line', 'json'], ['BIGINT', 'BIGINT', 'VARCHAR']));
