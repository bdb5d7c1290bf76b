import { createReadStream } from 'node:fs';
import { glob, open, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { DuetError } from '@duet/base';
import { fetchRemote, fetchS3, listS3, type RemoteAccess } from './remote.ts';
import { zipEntries } from './zip.ts';

/** One file of what an import is pointed at, as it is stored. */
export interface Input {
  /** What messages call it. */
  name: string;
  /** Where it lies on this disk, uncut; undefined for a stream. */
  path?: string | undefined;
  /** Bytes, where they are known. */
  size?: number | undefined;
  /** Of a file of an archive, which `open` unpacks: the bytes that it has there. */
  packed?: number | undefined;
  open(): AsyncIterable<Buffer>;
}

export interface InputContext {
  remote: RemoteAccess;
  /** What `-` reads. */
  stdin: AsyncIterable<Buffer>;
  signal?: AbortSignal | undefined;
}

/** Whether a location is a path of this disk. */
export const isLocal = (location: string): boolean => location !== '-' && !/^(https?|s3):\/\//i.test(location);

/** Files that tools leave beside data. */
const isClutter = (name: string): boolean =>
  /(^|\/)([._][^/]*|README[^/]*|LICENSE[^/]*|SHA256SUMS|[^/]*\.(md|pdf|crc|html|py|ipynb))$/i.test(name);

async function magicOf(file: string): Promise<string> {
  await using handle = await open(file);
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(200), 0, 200, 0);
  return buffer.toString('latin1', 0, bytesRead);
}

/** Whether bytes begin a zip archive that is a workbook of Excel: its first file is one of the format's own. */
export const isWorkbook = (magic: string): boolean =>
  magic.startsWith('PK\x03\x04') && /^(\[Content_Types\]|_rels\/|xl\/|docProps\/)/.test(magic.slice(30));

/** A file of this disk, or each file of the archive that it is. */
export async function* fileInputs(file: string, name: string, signal?: AbortSignal): AsyncGenerator<Input> {
  const magic = await magicOf(file);
  if (magic.startsWith('PK\x03\x04') && !isWorkbook(magic)) {
    for await (const entry of zipEntries(file, name)) {
      if (isClutter(entry.name)) continue;
      yield { name: `${name}/${entry.name}`, size: entry.compressed, packed: entry.compressed, open: entry.open };
    }
    return;
  }
  const { size } = await stat(file);
  const options = { highWaterMark: 1 << 18, ...(signal && { signal }) };
  yield { name, path: file, size, open: () => createReadStream(file, options) as AsyncIterable<Buffer> };
}

async function localFiles(location: string): Promise<string[]> {
  const found = await stat(location).catch(() => undefined);
  if (found?.isFile()) return [location];
  const files: string[] = [];
  if (found?.isDirectory()) {
    for (const entry of await readdir(location, { recursive: true, withFileTypes: true })) {
      if (entry.isFile() && !isClutter(entry.name)) files.push(path.join(entry.parentPath, entry.name));
    }
  } else if (/[*?[{]/.test(location)) {
    for await (const name of glob(location)) if ((await stat(name)).isFile()) files.push(name);
  }
  if (files.length === 0) {
    throw new DuetError('not-found', found ? 'there is no file in this folder.' : 'there is no such file.', {
      where: { file: location },
    });
  }
  return files.sort();
}

/**
 * The files that a location stands for: a file, an archive, a folder, a glob, `-`, a web address, `s3://bucket/key` or
 * `s3://bucket/prefix/`. A glob's and a folder's are in the order of their names.
 *
 * @throws DuetError `not-found`, `unauthorised` or `unavailable`
 */
export async function* inputsOf(location: string, ctx: InputContext): AsyncGenerator<Input> {
  const { remote, signal } = ctx;
  if (location === '-') yield { name: 'standard input', open: () => ctx.stdin };
  else if (/^https?:\/\//i.test(location)) {
    const { origin, pathname } = new URL(location);
    const { bytes, size } = await fetchRemote(location, remote, signal);
    yield { name: `${origin}${pathname}`, size, open: () => bytes };
  } else if (location.startsWith('s3://')) {
    const objects = location.endsWith('/') ? await listS3(location, remote, signal) : [location];
    if (objects.length === 0)
      throw new DuetError('not-found', 'there is nothing below this.', { where: { file: location } });
    for (const object of objects.filter((name) => objects.length === 1 || !isClutter(name))) {
      const { bytes, size } = await fetchS3(object, remote, signal);
      yield { name: object, size, open: () => bytes };
    }
  } else {
    for (const file of await localFiles(location)) yield* fileInputs(file, file, signal);
  }
}
