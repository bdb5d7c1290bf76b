import { createHash } from 'node:crypto';
import { constants, copyFile, link, mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { DuetError } from '@duet/base';
import type { FileTable } from '../read/inspect.ts';
import type { ImportRequest } from '../request.ts';

/** Bytes of the largest file that is uploaded. */
export const maxUpload = 2 * 2 ** 30;

/**
 * Where uploads lie: flat, each file as `<import run>_<random>` with what tus knows of it beside (`.json`), and a
 * folder a run, where an import finds them under their own names.
 */
export const uploadsFolder = (dataDir: string): string => path.resolve(dataDir, 'uploads');

export interface UploadedFile {
  id: string;
  /** As it was called where it comes from. */
  name: string;
  /** Bytes, and how many of them are here. */
  size: number;
  received: number;
}

/** A name that is one in every file system. */
const safeName = (name: string): string =>
  (
    path.win32
      .basename(name)
      .replace(/[\p{Cc}<>:"/\\|?*]/gu, '_')
      .slice(-150) || 'file'
  ).replace(/^\.+/, '');

/** The files of an import run, the first uploaded first; no two have the same name. */
export async function uploadedFiles(dataDir: string, runId: string): Promise<UploadedFile[]> {
  const folder = uploadsFolder(dataDir);
  const entries = await readdir(folder).catch(() => []);
  const found: (UploadedFile & { since: string })[] = [];
  for (const entry of entries.filter((name) => name.startsWith(`${runId}_`) && name.endsWith('.json'))) {
    const id = entry.slice(0, -'.json'.length);
    const known = await readFile(path.join(folder, entry), 'utf8').catch(() => undefined);
    const stored = await stat(path.join(folder, id)).catch(() => undefined);
    // It is being removed.
    if (known === undefined || stored === undefined) continue;
    const about = JSON.parse(known) as { size: number; creation_date: string; metadata?: { filename?: string } };
    const name = safeName(about.metadata?.filename ?? 'file');
    found.push({ id, name, size: about.size, received: stored.size, since: about.creation_date });
  }
  const names = new Set<string>();
  return found
    .sort((a, b) => a.since.localeCompare(b.since) || a.id.localeCompare(b.id))
    .map(({ since: _, ...file }) => {
      const { name, ext } = path.parse(file.name);
      let uniqueName = file.name;
      for (let n = 2; names.has(uniqueName); n++) uniqueName = `${name} (${n})${ext}`;
      names.add(uniqueName);
      return { ...file, name: uniqueName };
    });
}

/** What each file of a run is taken for, by its id. */
export type FileTables = Readonly<Record<string, FileTable | 'none'>>;

type Locations = Partial<Pick<ImportRequest, 'interactions' | 'items' | 'users'>>;

/**
 * Puts a run's files where an import finds them: a folder a table, with the files that are joined in each.
 *
 * @throws DuetError `bad-input` where none holds interactions or items
 */
export async function arrangeUploads(dataDir: string, runId: string, tables: FileTables): Promise<Locations> {
  const files = await uploadedFiles(dataDir, runId);
  const uploads = uploadsFolder(dataDir);
  const order = files.map(({ id, name }) => [id, name, tables[id] ?? 'none'] as const);
  const hash = createHash('sha256').update(JSON.stringify(order)).digest('hex').slice(0, 16);
  const locations: Locations = {};
  for (const table of ['interactions', 'items', 'users'] as const) {
    const tableFiles = order.filter(([, , of]) => of === table);
    if (tableFiles.length === 0) continue;
    const folder = path.join(uploads, runId, hash, table);
    await mkdir(folder, { recursive: true });
    const all = [...tableFiles, ...order.filter(([, , of]) => of === 'beside')];
    for (const [id, name] of all) await linkOrCopy(path.join(uploads, id), path.join(folder, name));
    locations[table] = all.length === 1 ? path.join(folder, all[0]![1]) : folder;
  }
  if (locations.interactions !== undefined || locations.items !== undefined) return locations;
  throw new DuetError('bad-input', 'None of the files holds orders, events or products.', {
    fix: 'Say of a file what it holds.',
  });
}

async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return;
    await copyFile(from, to, constants.COPYFILE_FICLONE);
  }
}

/** A text, or what JSON can say, with uploaded files called by their own names. */
export function withoutFolders<T>(dataDir: string, value: T): T {
  const folder = JSON.stringify(uploadsFolder(dataDir))
    .slice(1, -1)
    .replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const [slash, id, hash] = ['[\\\\/]+', '[0-9a-f-]{36}', '[0-9a-f]{16}'];
  const placed = new RegExp(`${folder}${slash}${id}${slash}${hash}${slash}(interactions|items|users)(${slash})?`, 'g');
  const named = (text: string) => text.replace(placed, (_, table, inside) => (inside === undefined ? table : ''));
  return JSON.parse(named(JSON.stringify(value))) as T;
}

/** Removes one uploaded file, or what is there of it. */
export async function removeUpload(dataDir: string, id: string): Promise<void> {
  const file = path.join(uploadsFolder(dataDir), path.basename(id));
  for (const one of [file, `${file}.json`]) await rm(one, { force: true });
}

/** Removes all files of a run. */
export async function removeUploads(dataDir: string, runId: string): Promise<void> {
  for (const { id } of await uploadedFiles(dataDir, runId)) await removeUpload(dataDir, id);
  await rm(path.join(uploadsFolder(dataDir), runId), { recursive: true, force: true });
}
