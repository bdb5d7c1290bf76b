import { stat } from 'node:fs/promises';
import path from 'node:path';
import { DuetError, type Progress } from '@duet/base';
import type { Format } from '../request.ts';
import { separator, sieve } from './sieve.ts';
import { rejected } from './tables.ts';
import { identifier, literal, type Workspace } from './workspace.ts';

/**
 * A file that can be queried: a view of its columns as text, named c1, c2, …, beside `_line`, and of a record that
 * cannot be read what is wrong (`_broken`) and its beginning (`_excerpt`).
 */
export interface Source {
  file: string;
  columns: string[];
  view: string;
}

/** Name in the source's view of a file's column; a NULL where the file has none for the purpose. */
export const columnOf = (source: Source, name: string | undefined): string =>
  name === undefined ? 'NULL::VARCHAR' : `c${source.columns.indexOf(name) + 1}`;

/** @throws DuetError `bad-input` where neither the name nor the caller tells */
function formatOf(file: string, given?: Format): Format {
  if (given) return given;
  const extension = path.extname(file.replace(/\.gz$/i, '')).toLowerCase();
  const format = {
    '.csv': 'csv',
    '.tsv': 'tsv',
    '.tab': 'tsv',
    '.jsonl': 'jsonl',
    '.json': 'jsonl',
    '.ndjson': 'jsonl',
    '.parquet': 'parquet',
  }[extension];
  if (format) return format as Format;
  throw new DuetError('bad-input', `the format of a ${extension || 'file without an extension'} is not known.`, {
    where: { file },
    fix: 'Say csv, tsv, jsonl or parquet with format (--format).',
  });
}

/** Text without surrounding blanks; NULL when nothing is left. */
const cleaned = (expression: string): string => `nullif(trim(${expression}), '')`;

const pointer = (key: string): string => `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;

/**
 * Opens a file of any format for SQL. Text goes through {@link sieve} first, whose rejects are added to the table
 * `rejected`.
 *
 * @throws DuetError `not-found`, `corrupt` or `bad-input`
 */
export async function openSource(
  workspace: Workspace,
  table: string,
  file: string,
  options: { format?: Format | undefined; progress: Progress; signal?: AbortSignal | undefined },
): Promise<Source> {
  const { progress, signal } = options;
  const format = formatOf(file, options.format);
  const size = await stat(file).then(
    (found) => (found.isFile() ? found.size : undefined),
    () => undefined,
  );
  if (size === undefined) throw new DuetError('not-found', 'there is no such file.', { where: { file } });
  const view = `source_${table}`;
  const step = `read ${path.basename(file)}`;

  if (format === 'parquet') {
    const scan = `read_parquet(${literal(file)}, file_row_number = true)`;
    const described = await workspace.rows(`DESCRIBE SELECT * FROM ${scan}`).catch((cause: unknown) => {
      // DuckDB's first line says what is wrong, the others show our SQL.
      const [said] = (cause as Error).message.split('\n', 1);
      throw new DuetError('corrupt', `this is not a Parquet file that can be read: ${said}`, {
        where: { file },
        cause,
      });
    });
    const types = new Map(described.map((row) => [String(row.column_name), String(row.column_type)]));
    types.delete('file_row_number');
    const columns = [...types.keys()];
    const texts = columns.map((name, i) => {
      const column = identifier(name);
      const text = types.get(name)!.endsWith('[]') ? `array_to_string(${column}, '|')` : `CAST(${column} AS VARCHAR)`;
      return `${cleaned(text)} AS c${i + 1}`;
    });
    await workspace.run(
      `CREATE VIEW ${view} AS SELECT file_row_number + 1 AS _line, NULL::VARCHAR AS _broken, NULL::VARCHAR AS _excerpt, ${texts} FROM ${scan}`,
    );
    return { file, columns, view };
  }

  const clean = path.join(workspace.folder, `${table}.clean`);
  const rejects = path.join(workspace.folder, `${table}.rejects`);
  let done = 0;
  progress({ step, done, total: size, unit: 'bytes' });
  const sieved = await sieve(file, {
    format,
    clean,
    rejects,
    ...(signal && { signal }),
    onBytes: (bytes) => {
      done = Math.min(size, done + bytes);
      progress({ step, done, total: size, unit: 'bytes' });
    },
  });
  const scan = (from: string, columns: string[], types: string[]): string =>
    `read_csv(${literal(from)}, auto_detect = false, header = false, delim = ${literal(separator)}, quote = '', ` +
    `escape = '', strict_mode = false, max_line_size = 4194304, ` +
    `columns = {${columns.map((name, i) => `${literal(name)}: ${literal(types[i]!)}`)}})`;
  await workspace.run(
    `INSERT INTO ${rejected} SELECT ${literal(file)}, line, '', reason, excerpt FROM ` +
      scan(rejects, ['line', 'reason', 'excerpt'], ['BIGINT', 'VARCHAR', 'VARCHAR']),
  );

  if (format === 'jsonl') {
    const lines = scan(clean, ['_line', 'json'], ['BIGINT', 'VARCHAR']);
    const isObject = `CASE WHEN json_valid(json) THEN json_type(json) = 'OBJECT' ELSE false END`;
    const keys = await workspace.rows(
      `SELECT DISTINCT unnest(CASE WHEN ${isObject} THEN json_keys(json) END) AS key FROM ${lines} ORDER BY key`,
    );
    const columns = keys.map(({ key }) => String(key));
    const texts = columns.map((_, i) => {
      const text = `fields[${i + 1}]`;
      const list = `CASE WHEN json_valid(${text}) THEN array_to_string(json_extract_string(${text}, '$[*]'), '|') ELSE ${text} END`;
      return `${cleaned(`CASE WHEN ${text} LIKE '[%' THEN ${list} ELSE ${text} END`)} AS c${i + 1}`;
    });
    const broken = `CASE WHEN ${isObject} THEN NULL ELSE 'not a JSON object' END`;
    const fields = `CASE WHEN ${isObject} THEN json_extract_string(json, [${columns.map((name) => literal(pointer(name)))}]) END`;
    await workspace.run(
      `CREATE VIEW ${view} AS SELECT ${['_line', '_broken', '_excerpt', ...texts]} FROM ` +
        `(SELECT _line, ${broken} AS _broken, left(json, 200) AS _excerpt, ${columns.length > 0 ? fields : 'NULL::VARCHAR[]'} AS fields FROM ${lines})`,
    );
    return { file, columns, view };
  }

  const { columns } = sieved;
  const names = columns.map((_, i) => `c${i + 1}`);
  await workspace.run(
    `CREATE VIEW ${view} AS SELECT _line, NULL::VARCHAR AS _broken, NULL::VARCHAR AS _excerpt, ` +
      `${names.map((name) => `${cleaned(name)} AS ${name}`)} FROM ` +
      scan(clean, ['_line', ...names], ['BIGINT', ...names.map(() => 'VARCHAR')]),
  );
  return { file, columns, view };
}
