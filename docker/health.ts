// What the containers' HEALTHCHECK runs: `health.ts <url>` asks a service; `health.ts worker` asks the database whether
// this container's worker has shown itself within the last two minutes.
import { hostname } from 'node:os';
import { loadConfig } from '@duet/base';
import { openDatabase } from '@duet/db';

async function workerIsAlive(): Promise<boolean> {
  await using db = await openDatabase(loadConfig());
  const { rowCount } = await db.pool.query(
    `SELECT FROM pgboss.instance
     WHERE host = $1 AND stopped_on IS NULL AND heartbeat_on > now() - interval '2 minutes'`,
    [hostname()],
  );
  return rowCount !== 0;
}

const what = process.argv[2] ?? '';
const healthy = what === 'worker' ? await workerIsAlive() : (await fetch(what)).ok;
process.exit(healthy ? 0 : 1);
