import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Connection } from '@duet/db';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import { z } from 'zod';
import type { Entry } from './archive.ts';

// Duet's tables as PostgreSQL's COPY writes them: rows of text, which every later major version reads. Tables are made
// by the migrations that the backup names, so it holds rows alone. The job queue's own schema is left out: what waited
// in it when the backup was made is not to be done again.

const tableSchema = z.object({ name: z.string(), columns: z.array(z.string()) });
type Table = z.infer<typeof tableSchema>;

/** What a backup says of its database. */
export const databaseManifest = z.object({
  /** Migrations that made the tables, in their order. */
  migrations: z.array(z.string()),
  tables: z.array(tableSchema),
  /** Partitions of tables, as CREATE TABLE says them. */
  partitions: z.array(z.object({ name: z.string(), parent: z.string(), bound: z.string() })),
});
export type DatabaseManifest = z.infer<typeof databaseManifest>;

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
const columnsOf = ({ columns }: Table): string => columns.map(quoted).join(', ');

/** The tables that there are, seen by this transaction. */
export async function describeDatabase(client: Connection): Promise<DatabaseManifest> {
  const migrations = await client.query<{ name: string }>(
    'SELECT migration_name AS name FROM _prisma_migrations WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL ORDER BY 1',
  );
  const { rows: tables } = await client.query<Table>(
    `SELECT c.relname AS name, (
       SELECT json_agg(a.attname ORDER BY a.attnum) FROM pg_attribute a
       WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '') AS columns
     FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
       AND c.relname <> '_prisma_migrations' ORDER BY 1`,
  );
  const { rows: partitions } = await client.query<DatabaseManifest['partitions'][number]>(
    `SELECT c.relname AS name, p.relname AS parent, pg_get_expr(c.relpartbound, c.oid) AS bound
     FROM pg_class c JOIN pg_inherits i ON i.inhrelid = c.oid JOIN pg_class p ON p.oid = i.inhparent
     WHERE c.relispartition AND c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace ORDER BY 1`,
  );
  return { migrations: migrations.rows.map(({ name }) => name), tables, partitions };
}

/** Bytes of rows in one entry: an entry's size is written before it, so it is held whole. */
const chunkBytes = 8 * 2 ** 20;

/** Every table's rows, in entries `database/<table>/<number>`; a row may begin in one and end in the next. */
export async function* rowsOf(client: Connection, { tables }: DatabaseManifest): AsyncGenerator<Entry> {
  for (const table of tables) {
    const rows = client.query(copyTo(`COPY (SELECT ${columnsOf(table)} FROM ${quoted(table.name)}) TO STDOUT`));
    let [held, bytes, number]: [Buffer[], number, number] = [[], 0, 0];
    const entry = (): Entry => ({
      name: `database/${table.name}/${String(number++).padStart(6, '0')}`,
      content: Buffer.concat(held.splice(0)),
    });
    for await (const chunk of rows as AsyncIterable<Buffer>) {
      held.push(chunk);
      bytes += chunk.length;
      if (bytes < chunkBytes) continue;
      yield entry();
      bytes = 0;
    }
    if (held.length > 0) yield entry();
  }
}

/**
 * Fills the empty tables of a freshly migrated database, within the caller's transaction. Constraints between tables
 * are put back at the end, so that tables come in any order and may point at each other; triggers of Duet's do not run.
 *
 * @param read the stored rows of a table, all its entries one after another
 */
export async function fillTables(
  client: Connection,
  { tables, partitions }: DatabaseManifest,
  read: (table: string) => Readable | undefined,
): Promise<void> {
  const { rows: links } = await client.query<{ table: string; name: string; definition: string }>(
    `SELECT conrelid::regclass::text AS table, conname AS name, pg_get_constraintdef(oid) AS definition
     FROM pg_constraint WHERE contype = 'f' AND conparentid = 0 AND connamespace = 'public'::regnamespace`,
  );
  for (const { table, name } of links) await client.query(`ALTER TABLE ${table} DROP CONSTRAINT ${quoted(name)}`);
  for (const { name, parent, bound } of partitions) {
    await client.query(`CREATE TABLE IF NOT EXISTS ${quoted(name)} PARTITION OF ${quoted(parent)} ${bound}`);
  }
  for (const table of tables) {
    const rows = read(table.name);
    if (rows === undefined) continue;
    const name = quoted(table.name);
    await client.query(`ALTER TABLE ${name} DISABLE TRIGGER USER`);
    // Rows that a migration itself puts in are among those of the backup.
    await client.query(`DELETE FROM ${name}`);
    await pipeline(rows, client.query(copyFrom(`COPY ${name} (${columnsOf(table)}) FROM STDIN`)));
    await client.query(`ALTER TABLE ${name} ENABLE TRIGGER USER`);
  }
  for (const { table, name, definition } of links) {
    await client.query(`ALTER TABLE ${table} ADD CONSTRAINT ${quoted(name)} ${definition}`);
  }
  await restoreSequences(client);
}

/** Sets each sequence that a column draws from past the column's greatest value. */
async function restoreSequences(client: Connection): Promise<void> {
  const { rows } = await client.query<{ sequence: string; table: string; column: string }>(
    `SELECT d.objid::regclass::text AS sequence, d.refobjid::regclass::text AS table, a.attname AS column
     FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S' AND s.relnamespace = 'public'::regnamespace
     JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
     WHERE d.deptype IN ('a', 'i')`,
  );
  for (const { sequence, table, column } of rows) {
    await client.query(`SELECT setval($1, greatest((SELECT max(${quoted(column)}) FROM ${table}), 0) + 1, false)`, [
      sequence,
    ]);
  }
}
