import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';

/** 'text' as a SQL literal. */
export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

interface Opened extends Disposable {
  connection: DuckDBConnection;
}

/**
 * The one way to open a DuckDB: its SQL reads and writes below one folder alone, fetches and loads nothing, and cannot
 * change that. What a file says is data, and would stay it even if it came to be SQL.
 * https://duckdb.org/docs/stable/operations_manual/securing_duckdb/overview
 *
 * @param database file of its tables, or ':memory:'
 * @param files the folder
 * @param options DuckDB's own settings
 * @param session statements that set what a session alone has
 */
export async function openDuckDb(
  database: string,
  files: string,
  options: Record<string, string> = {},
  session: readonly string[] = [],
): Promise<Opened> {
  const instance = await DuckDBInstance.create(database, {
    ...options,
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  });
  const connection = await instance.connect();
  await connection.run(
    [
      ...session,
      `SET allowed_directories = [${literal(files)}]`,
      'SET enable_external_access = false',
      'SET lock_configuration = true',
    ].join('; '),
  );
  return {
    connection,
    [Symbol.dispose]() {
      connection.closeSync();
      instance.closeSync();
    },
  };
}
