import { mkdtemp, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Progress } from '@duet/base';
import { literal, Workspace } from '../read/workspace/workspace.ts';
import { sync } from './folder.ts';

/**
 * Writes a CSV file with a header, in its order, as a Parquet file, which appears when it is whole.
 *
 * @param columns DuckDB's types by name, in the file's order
 */
export async function csvToParquet(
  csv: string,
  parquet: string,
  columns: Readonly<Record<string, string>>,
  { progress, signal }: { progress: Progress; signal?: AbortSignal | undefined },
): Promise<void> {
  const files = path.dirname(parquet);
  const scratch = await mkdtemp(path.join(files, '.parquet-'));
  try {
    const written = path.join(scratch, 'out.parquet');
    const types = Object.entries(columns).map(([name, type]) => `${literal(name)}: ${literal(type)}`);
    {
      using workspace = await Workspace.open(scratch, { files, signal, inOrder: true });
      await workspace.run(
        `COPY (SELECT * FROM read_csv(${literal(csv)}, header = true, delim = ',', quote = '"', escape = '"',
           auto_detect = false, columns = {${types.join(', ')}}))
         TO ${literal(written)} (FORMAT parquet, COMPRESSION zstd)`,
        { progress, step: 'write parquet' },
      );
    }
    await sync(written);
    await rename(written, parquet);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
