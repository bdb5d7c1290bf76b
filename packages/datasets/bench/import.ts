import { createWriteStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { finished } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { createGzip } from 'node:zlib';
import { createTestDatabase } from '@duet/db/testing';
import { importDataset } from '../src/index.ts';

// Imports a generated file and prints how long it took and the most memory that this process held. Run it with
// --rows 2000000 and 8000000: time follows the rows, memory must not.
const { values } = parseArgs({ options: { rows: { type: 'string', default: '2000000' } } });
const rows = Number(values.rows);

const folder = await mkdtemp(path.join(tmpdir(), 'duet-bench-import-'));
try {
  const file = path.join(folder, 'interactions.csv.gz');
  const gzip = createGzip({ level: 1 });
  const out = gzip.pipe(createWriteStream(file));
  gzip.write('user_id,item_id,timestamp,unit_price,quantity\n');
  for (let from = 0; from < rows; from += 10_000) {
    const lines = Array.from({ length: Math.min(10_000, rows - from) }, (_, at) => {
      const i = from + at;
      return `u${(i * 7919) % 60_000},i${(i * 104_729) % 20_000},${1_600_000_000 + ((i * 31) % 40_000_000)},${(i % 5000) / 100},${1 + (i % 3)}\n`;
    });
    if (!gzip.write(lines.join(''))) await new Promise((resolve) => gzip.once('drain', resolve));
  }
  gzip.end();
  await finished(out);

  await using db = await createTestDatabase();
  const started = performance.now();
  const result = await importDataset({ db, dataDir: folder }, { name: 'bench', interactions: file });
  const seconds = (performance.now() - started) / 1000;
  console.log(
    JSON.stringify({
      rows: result.rows,
      bytes: (await stat(file)).size,
      seconds: Number(seconds.toFixed(2)),
      rows_per_s: Math.round(rows / seconds),
      peak_rss_mb: Math.round(process.resourceUsage().maxRSS / 1024),
    }),
  );
} finally {
  await rm(folder, { recursive: true });
}
