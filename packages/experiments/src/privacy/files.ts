import { open, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Database } from '@duet/db';

/**
 * Removes the files with every user's list: they are made again in minutes.
 *
 * @returns how many
 */
export async function dropBulkFiles(
  { db, dataDir }: { db: Database; dataDir: string },
  datasetId: string,
): Promise<number> {
  const runs = await db.prisma.bulkRun.findMany({
    where: { datasetId, request: { path: ['of'], equals: 'users' }, status: { in: ['done', 'failed'] } },
    select: { id: true },
  });
  const ids = new Set(runs.map(({ id }) => id));
  const folder = path.join(dataDir, 'bulk');
  let files = 0;
  for (const name of await readdir(folder).catch(() => [])) {
    if (!ids.has(name.slice(0, 36))) continue;
    await rm(path.join(folder, name), { force: true });
    if (!/\.(partial|progress\.json)$/.test(name)) files += 1;
  }
  await db.prisma.bulkRun.deleteMany({ where: { id: { in: [...ids] } } });
  return files;
}

/** What stands around a value in a line of a log. */
const around = new Set([...'"\'`(=)[],: \n'].map((character) => character.charCodeAt(0)));

/**
 * Writes asterisks over an id in the logs, in its place, so that their writers, who have them open, go on.
 *
 * @returns how often it stood there as a value
 */
export async function maskInLogs(dataDir: string, userId: string): Promise<number> {
  const folder = path.join(dataDir, 'logs');
  // A short number stands for anything; in quotes it is an id.
  const quotes = /^\d{1,7}$/.test(userId) ? 1 : 0;
  const sought = Buffer.from(quotes > 0 ? JSON.stringify(userId) : userId);
  let masked = 0;
  for (const name of (await readdir(folder).catch(() => [])).filter((file) => /\.log(\.\d+)?$/.test(file))) {
    await using file = await open(path.join(folder, name), 'r+');
    const content = await file.readFile();
    for (let at = content.indexOf(sought); at >= 0; at = content.indexOf(sought, at + sought.length)) {
      const [before, after] = [content[at - 1], content[at + sought.length]];
      if (quotes === 0 && before !== undefined && !around.has(before)) continue;
      if (quotes === 0 && after !== undefined && !around.has(after)) continue;
      const length = sought.length - 2 * quotes;
      await file.write(Buffer.alloc(length, '*'), 0, length, at + quotes);
      masked += 1;
    }
  }
  return masked;
}

/** Files of imports that nobody has started. */
export async function waitingUploads(dataDir: string): Promise<number> {
  const names = await readdir(path.join(dataDir, 'uploads')).catch(() => []);
  return names.filter((name) => name.includes('_') && !name.endsWith('.json')).length;
}
