import { DuetError } from '@duet/base';
import { present } from '../values/missing.ts';
import { identifier, literal, type Workspace } from '../workspace/workspace.ts';
import { jsonRelation } from './json.ts';
import { rowNumber, type Source, type SourceAbout } from './source.ts';

const scan = (link: string): string => `read_parquet(${literal(link)}, file_row_number = true)`;

/** Columns of a Parquet file with their types. */
async function typesOf(workspace: Workspace, link: string): Promise<Map<string, string>> {
  const described = await workspace.rows(`DESCRIBE SELECT * FROM ${scan(link)}`);
  const types = new Map(described.map((row) => [String(row.column_name), String(row.column_type)]));
  types.delete('file_row_number');
  return types;
}

/** The columns of a Parquet file. @throws DuetError `corrupt` */
async function describe(workspace: Workspace, link: string, file: string): Promise<string[]> {
  const types = await typesOf(workspace, link).catch((cause: unknown) => {
    // DuckDB's first line says what is wrong, the others show our SQL.
    const [first] = (cause as Error).message.split('\n', 1);
    throw new DuetError('corrupt', `this is not a Parquet file that can be read: ${first!.replaceAll(link, file)}`, {
      where: { file },
      cause,
    });
  });
  return [...types].map(([name, type]) => (/STRUCT|MAP/.test(type) ? `${name} ${type}` : name));
}

/** A source of Parquet files with the same columns, by part; nested ones are read as JSON. */
async function open(workspace: Workspace, about: SourceAbout, links: ReadonlyMap<number, string>): Promise<Source> {
  const types = await typesOf(workspace, [...links.values()][0]!);
  const union = (select: (part: number) => string): string =>
    [...links].map(([part, link]) => `SELECT ${select(part)} FROM ${scan(link)} t`).join(' UNION ALL ');
  if ([...types.values()].some((type) => /STRUCT|MAP/.test(type))) {
    const json = (part: number) => `${part} AS part, t.file_row_number + 1 AS line, to_json(t)::VARCHAR AS json`;
    return jsonRelation(workspace, about, `(${union(json)})`);
  }
  const columns = [...types.keys()];
  const texts = columns.map((name, i) => {
    const column = identifier(name);
    const text = types.get(name)!.endsWith('[]') ? `array_to_string(${column}, '|')` : `CAST(${column} AS VARCHAR)`;
    return `${present(text)} AS c${i + 1}`;
  });
  return {
    ...about,
    columns,
    arrays: [],
    open: async () => {
      const rows = (part: number) =>
        `${rowNumber(String(part), 'file_row_number + 1')} AS _row, NULL::VARCHAR AS _broken, NULL::VARCHAR AS _excerpt, ${texts}`;
      await workspace.run(`CREATE OR REPLACE VIEW ${about.view} AS ${union(rows)}`);
    },
  };
}

export const parquetSource = { describe, open };
