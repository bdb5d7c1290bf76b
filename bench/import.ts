/**
 * `npm run bench:import`: rows a second from a gzipped CSV file to a dataset that can be trained on, beside DuckDB's
 * own `COPY … TO parquet` of the same file, in turns; and the most memory that it takes, which must not grow with the
 * rows.
 */
import { execFile } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { finished } from 'node:stream/promises';
import { promisify } from 'node:util';
import { createGzip } from 'node:zlib';
import { median, type Results, runBench, say, table } from './bench.ts';

interface Run {
  seconds: number;
  rssMb: number;
  rows: number;
  /** Seconds by step. */
  steps?: Record<string, number>;
}

const users = 60_000;
const items = 20_000;

/** A shop's log: users, items, times, prices and quantities of which no two rows are the same. */
async function writeLog(file: string, rows: number): Promise<void> {
  const gzip = createGzip({ level: 1 });
  const out = gzip.pipe(createWriteStream(file));
  gzip.write('user_id,item_id,timestamp,unit_price,quantity\n');
  for (let from = 0; from < rows; from += 10_000) {
    const lines = Array.from({ length: Math.min(10_000, rows - from) }, (_, at) => {
      const i = from + at;
      const time = 1_600_000_000 + ((i * 31) % 40_000_000);
      return `u${(i * 7919) % users},i${(i * 104_729) % items},${time},${(i % 5000) / 100},${1 + (i % 3)}\n`;
    });
    if (!gzip.write(lines.join(''))) await new Promise((resolve) => gzip.once('drain', resolve));
  }
  gzip.end();
  await finished(out);
}

const program = path.join(import.meta.dirname, 'import/run.ts');

async function run(who: 'duet' | 'duckdb', file: string): Promise<Run> {
  const folder = await mkdtemp(path.join(tmpdir(), 'duet-bench-run-'));
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [program, who, file, folder]);
    return JSON.parse(stdout.trim().split('\n').at(-1)!) as Run;
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function measure({ quick, rows: asked }: { quick: boolean; rows: string }): Promise<Results> {
  const rows = quick ? 300_000 : Number(asked);
  const folder = await mkdtemp(path.join(tmpdir(), 'duet-bench-import-'));
  try {
    const [file, part] = [path.join(folder, 'log.csv.gz'), path.join(folder, 'part.csv.gz')];
    say(`writing ${rows} rows`);
    await writeLog(file, rows);
    await writeLog(part, rows / 4);
    const small = await run('duet', part);
    const [duet, duckdb]: [Run[], Run[]] = [[], []];
    for (let turn = 0; turn < (quick ? 1 : 2); turn++) {
      duckdb.push(await run('duckdb', file));
      duet.push(await run('duet', file));
      say(`turn ${turn}: Duet ${duet.at(-1)!.seconds.toFixed(1)} s, DuckDB ${duckdb.at(-1)!.seconds.toFixed(1)} s`);
    }
    const speed = (runs: Run[]) => median(runs.map((one) => one.rows / one.seconds));
    return {
      params: { rows, users, items, bytes: (await stat(file)).size },
      metrics: {
        rows_per_s: Math.round(speed(duet)),
        rss_mb: Math.round(median(duet.map(({ rssMb }) => rssMb))),
        rss_mb_of_a_quarter: Math.round(small.rssMb),
        seconds_by_step: Object.fromEntries(
          Object.entries(duet.at(-1)!.steps ?? {}).map(([step, seconds]) => [step, Number(seconds.toFixed(2))]),
        ),
      },
      peers: { duckdb_rows_per_s: Math.round(speed(duckdb)) },
      ratios: { duckdb: Number((speed(duet) / speed(duckdb)).toFixed(3)) },
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}

await runBench(
  'import',
  measure,
  ({ params, metrics, peers, ratios }) =>
    table(
      ['', 'rows/s', 'memory'],
      [
        ['Duet', String(metrics.rows_per_s), `${metrics.rss_mb} MB (${metrics.rss_mb_of_a_quarter} MB for a quarter)`],
        ['DuckDB COPY … TO parquet', String(peers.duckdb_rows_per_s), ''],
      ],
    ) + `\n\nParameters: ${JSON.stringify(params)}. Duet over DuckDB: ${ratios.duckdb}.`,
  { rows: { type: 'string', default: '10000000' } } as const,
);
