import { DuetError } from '@duet/base';
import { literal, type Workspace } from '../workspace/workspace.ts';

/** A node of DuckDB's syntax tree. */
interface Node {
  class?: string;
  type?: string;
  column_names?: string[];
  children?: Node[];
  value?: { type?: { id?: string; type_info?: null }; is_null?: boolean };
  [key: string]: unknown;
}

const asDouble = (child: Node): Node => ({
  class: 'CAST',
  type: 'OPERATOR_CAST',
  alias: '',
  query_location: 0,
  child,
  cast_type: { id: 'DOUBLE', type_info: null },
  try_cast: true,
});

const nothing: Node = {
  class: 'CONSTANT',
  type: 'VALUE_CONSTANT',
  alias: '',
  query_location: 0,
  value: { type: { id: 'NULL', type_info: null }, is_null: true },
};

/** Functions that say or do something beside the row: settings, files, catalogues, time and memory without end. */
const forbidden =
  /^(current_(setting|database|schemas?|user|catalog|query)|getvariable|getenv|sleep\w*|query\w*|read_\w+|glob|sniff_csv|\w*_scan|pg_\w+|duckdb_\w+|pragma_\w+|write_log|nextval|currval|txid_current|version|repeat|range|generate_series|array_resize|list_resize)$/i;

const isNumber = (node: unknown): boolean =>
  (node as Node)?.class === 'CONSTANT' && /INT|DECIMAL|DOUBLE|FLOAT/.test((node as Node).value?.type?.id ?? '');

/**
 * A DuckDB expression over a file's columns as SQL over its view. It may say nothing but that: no statement, no query
 * within, no file. A column that is compared with a number is read as one.
 *
 * @param columnOf The view's column of a name; undefined where there is none.
 * @throws DuetError `bad-input` for what is no such expression, or names no column
 */
export async function translate(
  workspace: Workspace,
  expression: string,
  columnOf: (name: string) => string | undefined,
  { file, option, columns }: { file: string; option: string; columns?: readonly string[] },
): Promise<string> {
  const refuse = (what: string): never => {
    throw new DuetError('bad-input', `${option} ${what}: ${expression}`, { where: { file } });
  };
  const { tree } = await workspace.row(`SELECT json_serialize_sql(${literal(`SELECT (${expression}\n)`)}) AS tree`);
  // A place that is not known is the largest integer of 64 bits, which JavaScript has not.
  const parsed = JSON.parse(String(tree).replace(/"query_location":\d+/g, '"query_location":0')) as {
    error: boolean;
    error_message?: string;
    statements?: { node: Node }[];
  };
  if (parsed.error) refuse(`is no expression of DuckDB (${parsed.error_message})`);
  const statement = parsed.statements?.[0]?.node as Node & { select_list?: Node[]; from_table?: Node };
  const isAlone =
    parsed.statements!.length === 1 && statement.type === 'SELECT_NODE' && statement.select_list?.length === 1;
  if (!isAlone || statement.from_table?.type !== 'EMPTY' || statement.where_clause || statement.qualify) {
    refuse('is no single expression');
  }
  const visit = (node: unknown): unknown => {
    if (Array.isArray(node)) return node.map(visit);
    if (typeof node !== 'object' || node === null) return node;
    const known = node as Node;
    if (
      known.class === 'SUBQUERY' ||
      known.class === 'WINDOW' ||
      known.class === 'PARAMETER' ||
      known.class === 'STAR'
    ) {
      return refuse('may not hold a query');
    }
    if (known.class === 'FUNCTION' && forbidden.test(String(known.function_name))) {
      return refuse(`may not use ${known.function_name}`);
    }
    if (known.class === 'COLUMN_REF') {
      const name = known.column_names!.join('.');
      const column = columnOf(name);
      if (column !== undefined) return { ...known, column_names: [column] };
      if (columns === undefined) return nothing;
      return refuse(`names no column "${name}"; the file's columns are ${columns.join(', ')}`);
    }
    const children = Object.values(known).flat();
    const withNumber = children.some(isNumber) && known.class !== 'FUNCTION';
    const arithmetic = known.class === 'FUNCTION' && /^[-+*/%]$/.test(String(known.function_name));
    return Object.fromEntries(
      Object.entries(known).map(([key, child]) => {
        const of = (one: unknown): unknown => {
          const visited = visit(one) as Node;
          const isColumn = (one as Node)?.class === 'COLUMN_REF' && visited.class === 'COLUMN_REF';
          return isColumn && (withNumber || arithmetic) ? asDouble(visited) : visited;
        };
        return [key, Array.isArray(child) ? child.map(of) : of(child)];
      }),
    );
  };
  const rewritten = { ...parsed, statements: [{ ...parsed.statements![0], node: visit(statement) }] };
  const { sql } = await workspace.row(
    `SELECT json_deserialize_sql(${literal(JSON.stringify(rewritten))}::JSON) AS sql`,
  );
  return `(${String(sql)
    .replace(/^SELECT\s+/i, '')
    .replace(/;$/, '')})`;
}
