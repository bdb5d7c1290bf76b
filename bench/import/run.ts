/**
 * One import, or DuckDB's own copy of the same file to Parquet, in a process of its own so that its memory is its own:
 * `node run.ts duet|duckdb FILE FOLDER`. Prints `{ seconds, rssMb, rows }`.
 */
import path from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { loadConfig } from '@duet/base';
import { importDataset, importResources } from '@duet/datasets';
import { createTestDatabase } from '@duet/db/testing';

/** DuckDB as an import opens it: two threads, its memory bounded. */
async function copyWithDuckDb(file: string, folder: string): Promise<number> {
  const instance = await DuckDBInstance.create(path.join(folder, 'peer.duckdb'), {
    threads: '2',
    memory_limit: '4GiB',
    preserve_insertion_order: 'false',
  });
  const connection = await instance.connect();
  const copy = `COPY (FROM read_csv('${file}')) TO '${path.join(folder, 'peer.parquet')}' (FORMAT parquet)`;
  const { rowsChanged } = await connection.run(copy);
  connection.closeSync();
  instance.closeSync();
  return rowsChanged;
}

const [, , who, file, folder] = process.argv as [string, string, 'duet' | 'duckdb', string, string];
const answer = (rows: number, started: number) => {
  const seconds = (performance.now() - started) / 1000;
  return { seconds, rows, rssMb: process.resourceUsage().maxRSS / 1024 };
};
if (who === 'duckdb') {
  const started = performance.now();
  console.log(JSON.stringify(answer(await copyWithDuckDb(file, folder), started)));
} else {
  const config = loadConfig({ ...process.env, DUET_LOG_LEVEL: 'silent' });
  await using db = await createTestDatabase();
  const started = performance.now();
  const step = { name: '', since: started };
  const steps: Record<string, number> = {};
  const { rows } = await importDataset(
    {
      ...{ db, dataDir: folder, ...importResources(config) },
      progress: ({ step: name }) => {
        if (name === step.name) return;
        const now = performance.now();
        if (step.name !== '') steps[step.name] = (steps[step.name] ?? 0) + (now - step.since) / 1000;
        Object.assign(step, { name, since: now });
      },
    },
    { name: 'bench', interactions: file },
  );
  steps[step.name] = (performance.now() - step.since) / 1000;
  console.log(JSON.stringify({ ...answer(rows, started), steps }));
}
