import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { DuetError } from '@duet/base';
import type { FaultSummary } from '../../summary.ts';
import { rejected } from '../workspace/tables.ts';
import { literal, type Workspace } from '../workspace/workspace.ts';

/** Rows that the summary shows; all are in rejected.jsonl. */
const examples = 20;

/** Writes rejected.jsonl into a folder, and counts and samples what it holds. */
export async function summariseRejected(workspace: Workspace, folder: string): Promise<FaultSummary> {
  const file = path.join(folder, 'rejected.jsonl');
  const { n: total } = await workspace.row(`SELECT count(*)::DOUBLE AS n FROM ${rejected}`);
  if (total === 0) {
    await writeFile(file, '');
    return { total, byReason: {}, examples: [] };
  }
  // A file that describes both sides is read for each.
  const distinct = `(SELECT DISTINCT * FROM ${rejected})`;
  const sorted = `SELECT file, line, "column", reason, value, record::JSON AS record FROM ${distinct} ORDER BY file, line`;
  await workspace.run(`COPY (${sorted}) TO ${literal(file)} (FORMAT json)`);
  const reasons = await workspace.rows(
    `SELECT reason, count(*)::DOUBLE AS n FROM ${distinct} GROUP BY reason ORDER BY n DESC, reason`,
  );
  const rows = await workspace.rows(`SELECT * REPLACE (line::DOUBLE AS line) FROM (${sorted} LIMIT ${examples})`);
  return {
    total: reasons.reduce((sum, { n }) => sum + Number(n), 0),
    byReason: Object.fromEntries(reasons.map(({ reason, n }) => [String(reason), Number(n)])),
    examples: rows.map((row) => ({
      file: String(row.file),
      line: Number(row.line),
      column: String(row.column ?? ''),
      reason: String(row.reason),
      value: String(row.value ?? ''),
    })),
  };
}

/** @throws DuetError `bad-input` naming the first rows, where any was left out */
export function refuseRejected({ total, examples }: FaultSummary): void {
  const [first] = examples;
  if (first === undefined) return;
  const named = examples
    .slice(0, 3)
    .map((row) => `${path.basename(row.file)}:${row.line}${row.column && ` (${row.column})`} ${row.reason}`);
  throw new DuetError(
    'bad-input',
    `${total} ${total === 1 ? 'row is' : 'rows are'} malformed: ${named.join('; ')}${total > 3 ? '; …' : ''}.`,
    {
      where: { file: first.file, line: first.line, ...(first.column && { column: first.column }) },
      fix: 'Mend them, or import without strict to leave them out and get the full list.',
    },
  );
}
