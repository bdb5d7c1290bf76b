import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { type BackupResult, backUp } from './backup.ts';

/** Only what this schedule made is ever deleted by it. */
const named = /^duet-\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2}Z\.tar\.zst$/;

const nameAt = (when: Date): string => `duet-${when.toISOString().slice(0, 19).replaceAll(':', '-')}Z.tar.zst`;
const whenOf = (name: string): number =>
  Date.parse(name.slice('duet-'.length, -'.tar.zst'.length).replace(/T(\d{2})-(\d{2})-(\d{2})Z/, 'T$1:$2:$3Z'));

interface Schedule {
  folder: string;
  /** Between the beginnings of two backups. */
  everyHours: number;
  /** Newest ones that are kept. */
  keep: number;
}

/**
 * Makes a backup where the newest one in the folder is older than the schedule says, and deletes the oldest beyond
 * those that are kept: after the new one is whole, so that there is never one fewer.
 *
 * @returns the new backup, or undefined where none was due
 */
export async function backUpIfDue(
  context: Parameters<typeof backUp>[0],
  { folder, everyHours, keep }: Schedule,
  now: Date = new Date(),
): Promise<(BackupResult & { deleted: string[] }) | undefined> {
  const there = async () => (await readdir(folder).catch(() => [])).filter((name) => named.test(name)).sort();
  const newest = (await there()).at(-1);
  if (newest !== undefined && now.getTime() - whenOf(newest) < everyHours * 3_600_000) return undefined;
  const made = await backUp(context, path.join(folder, nameAt(now)));
  const deleted = (await there()).slice(0, -keep);
  for (const name of deleted) await rm(path.join(folder, name));
  return { ...made, deleted };
}
