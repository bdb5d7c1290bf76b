import { availableParallelism, totalmem } from 'node:os';
import path from 'node:path';
import type { DuckDBConnection, Json } from '@duckdb/node-api';
import { DuetError, type Progress } from '@duet/base';
import { literal, openDuckDb } from './duckdb.ts';
import type { Table } from './tables.ts';

export { literal };

/** What DuckDB may hold in memory where nobody says: it spills the rest to the workspace's folder. */
const defaultMemory = Math.min(totalmem() / 4, 2 ** 30);
const threads = Math.min(2, availableParallelism());

/** What is read again at once: dictionaries, which cost most of writing, make it no faster. */
const scratchParquet = 'FORMAT parquet, COMPRESSION lz4_raw, DICTIONARY_SIZE_LIMIT 1, ROW_GROUP_SIZE 32768';

/** "name" as a SQL identifier. */
export const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;

export type Row = Record<string, Json>;

/** A DuckDB of one import: memory bounded, the rest spilled to its folder, every statement able to report progress and be stopped. */
export class Workspace implements Disposable {
  readonly folder: string;
  readonly #database: Disposable;
  readonly #connection: DuckDBConnection;
  readonly #signal: AbortSignal | undefined;

  private constructor(folder: string, database: Disposable, connection: DuckDBConnection, signal?: AbortSignal) {
    this.folder = folder;
    this.#database = database;
    this.#connection = connection;
    this.#signal = signal;
  }

  /**
   * @param folder An existing folder for the tables and whatever does not fit in memory.
   * @param files A folder above it, for files that are made: all that SQL may read and write.
   * @param memory Bytes that DuckDB may hold.
   * @param timeZone IANA zone of times that say none.
   * @param inOrder Whether rows keep the order in which they are read, which costs memory; every table of an import has
   *   its lines' numbers instead.
   */
  static async open(
    folder: string,
    {
      files = folder,
      memory = defaultMemory,
      timeZone = 'UTC',
      inOrder = false,
      signal,
    }: {
      files?: string;
      memory?: number;
      timeZone?: string;
      inOrder?: boolean;
      signal?: AbortSignal | undefined;
    } = {},
  ): Promise<Workspace> {
    const database = await openDuckDb(
      // What does not fit in memory lies in its folder all the same, and opening a file costs what twenty rows do.
      ':memory:',
      files,
      {
        memory_limit: `${Math.ceil(memory / 2 ** 20)}MiB`,
        temp_directory: path.join(folder, 'spill'),
        threads: String(threads),
        preserve_insertion_order: String(inOrder),
      },
      [
        `SET TimeZone = ${literal(timeZone)}`,
        'SET enable_progress_bar = true',
        'SET enable_progress_bar_print = false',
      ],
    );
    return new Workspace(folder, database, database.connection, signal);
  }

  /** Runs a statement; returns the number of rows that it changed. */
  async run(sql: string, watch?: { progress: Progress; step: string }): Promise<number> {
    this.#signal?.throwIfAborted();
    const stop = () => this.#connection.interrupt();
    this.#signal?.addEventListener('abort', stop);
    let timer: NodeJS.Timeout | undefined;
    if (watch) {
      const report = (done: number) => watch.progress({ step: watch.step, done, total: 100, unit: '%' });
      report(0);
      let highest = 0;
      timer = setInterval(() => {
        highest = Math.max(highest, Math.floor(this.#connection.progress.percentage));
        if (highest < 100) report(highest);
      }, 200);
    }
    try {
      const result = await this.#connection.run(sql);
      watch?.progress({ step: watch.step, done: 100, total: 100, unit: '%' });
      return result.rowsChanged;
    } catch (error) {
      this.#signal?.throwIfAborted();
      throw explained(error);
    } finally {
      clearInterval(timer);
      this.#signal?.removeEventListener('abort', stop);
    }
  }

  /** Makes tables that rows are added to later. */
  async create(...tables: Table[]): Promise<void> {
    const columnsOf = (table: Table) =>
      Object.entries(table.columns).map(([name, type]) => `${identifier(name)} ${type}`);
    if (tables.length > 0)
      await this.run(tables.map((table) => `CREATE TABLE ${table} (${columnsOf(table)})`).join('; '));
  }

  /**
   * Fills a table with a query's columns of the declared names and types.
   *
   * @param how `table` by default; `view` for what is cheap to compute again; `file` for what is too large for a table,
   * whose filling takes memory that grows with its rows. Of a file, `constants` is SQL for the columns that are the
   * same in every row: they are not written.
   */
  async fill(
    table: Table,
    select: string,
    {
      as = 'table',
      constants = {},
      progress,
      step,
    }: { as?: 'table' | 'view' | 'file'; constants?: Record<string, string>; progress?: Progress; step?: string } = {},
  ): Promise<void> {
    const watched = progress && step !== undefined ? { progress, step } : undefined;
    const typed = (name: string): string =>
      `${constants[name] ?? identifier(name)}::${table.columns[name]} AS ${identifier(name)}`;
    const names = Object.keys(table.columns);
    if (as !== 'file') {
      await this.run(`CREATE ${as} ${table} AS SELECT ${names.map(typed)} FROM (${select})`, watched);
      return;
    }
    const file = literal(path.join(this.folder, `${table}.parquet`));
    const written = names.filter((name) => constants[name] === undefined);
    await this.run(`COPY (SELECT ${written.map(typed)} FROM (${select})) TO ${file} (${scratchParquet})`, watched);
    await this.run(`CREATE VIEW ${table} AS SELECT ${names.map(typed)} FROM read_parquet(${file})`);
  }

  /** Adds rows to a table, each column as a text or null. */
  async insert(table: Table, rows: readonly (readonly (string | null)[])[]): Promise<void> {
    try {
      const appender = await this.#connection.createAppender(table.name);
      for (const row of rows) {
        for (const value of row) value === null ? appender.appendNull() : appender.appendVarchar(value);
        appender.endRow();
      }
      appender.closeSync();
    } catch (error) {
      throw explained(error);
    }
  }

  /** All rows of a small result; 64-bit integers must be cast to DOUBLE or they come as text. */
  async rows(sql: string): Promise<Row[]> {
    this.#signal?.throwIfAborted();
    try {
      return (await this.#connection.runAndReadAll(sql)).getRowObjectsJson();
    } catch (error) {
      throw explained(error);
    }
  }

  /** The only row of a result. */
  async row(sql: string): Promise<Row> {
    const [row] = await this.rows(sql);
    if (row === undefined) throw new DuetError('internal', `no row came of: ${sql}`);
    return row;
  }

  /** Rows of a result of any size, some thousand at a time. */
  async *batches(sql: string): AsyncGenerator<Row[]> {
    const result = await this.#connection.stream(sql).catch((error: unknown) => {
      throw explained(error);
    });
    for await (const rows of result.yieldRowObjectJson()) {
      this.#signal?.throwIfAborted();
      yield rows;
    }
  }

  [Symbol.dispose](): void {
    this.#database[Symbol.dispose]();
  }
}

/** What DuckDB says of memory and disks as a sentence of ours; any other error as it is. */
function explained(error: unknown): unknown {
  const { message } = error as Error;
  if (message.startsWith('Out of Memory Error')) {
    return new DuetError('unavailable', 'the import needs more memory than it may have.', {
      fix: 'Raise DUET_IMPORT_MEMORY_MB.',
      cause: error,
    });
  }
  if (/No space left on device/.test(message)) {
    return new DuetError('unavailable', 'the disk of the data folder is full.', {
      fix: 'Make room, or move the data folder (DUET_DATA_DIR).',
      cause: error,
    });
  }
  return error;
}
