import { createReadStream, existsSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { datasetFolder } from './write/folder.ts';

/** A row of rejected.jsonl. */
export interface RejectedRow {
  /** Its name alone: the server's folders are nobody's business. */
  file: string;
  line: number;
  column: string;
  reason: string;
  /** The value that is to blame, or the beginning of the line. */
  value: string;
  /** The row by column, where its columns could be told. */
  record: Record<string, string | null> | null;
}

/** The rows that a dataset's last import refused, by file and line. */
export async function* rejectedRows(dataDir: string, datasetId: string): AsyncGenerator<RejectedRow> {
  const file = path.join(datasetFolder(dataDir, datasetId), 'rejected.jsonl');
  if (!existsSync(file)) return;
  const stream = createReadStream(file);
  try {
    for await (const line of createInterface({ input: stream })) {
      if (line === '') continue;
      const row = JSON.parse(line) as RejectedRow;
      yield { ...row, file: row.file.split(/[\\/]/).at(-1)!, record: row.record ?? null };
    }
  } finally {
    stream.destroy();
  }
}

/** A cell of CSV (RFC 4180). */
export const csvCell = (value: unknown): string => {
  const text = String(value ?? '');
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};
/** A record of CSV (RFC 4180). */
export const csvLine = (cells: readonly unknown[]): string => `${cells.map(csvCell).join(',')}\r\n`;

/**
 * The rows that a dataset's last import refused as CSV (RFC 4180): the columns of their files, to be mended and
 * imported again, after where they stood and why they were refused.
 */
export async function* rejectedCsv(dataDir: string, datasetId: string): AsyncGenerator<string> {
  const columns = new Set<string>();
  for await (const { record } of rejectedRows(dataDir, datasetId)) {
    for (const name of Object.keys(record ?? {})) columns.add(name);
  }
  const names = [...columns];
  yield csvLine(['why', 'column to blame', 'its value', 'file', 'line', ...names]);
  for await (const { file, line: at, column, reason, value, record } of rejectedRows(dataDir, datasetId)) {
    yield csvLine([reason, column, value, file, at, ...names.map((name) => record?.[name])]);
  }
}
