import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { type Duplex, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { createZstdCompress, createZstdDecompress } from 'node:zlib';
import { DuetError, fileFault } from '@duet/base';
import { extract, pack } from 'tar-stream';

// A backup is one file: a tar archive (POSIX ustar with pax names) compressed by Zstandard, so that `tar --zstd -tf`
// reads it. Its last entry names the SHA-256 of every other, as `sha256sum` writes them.

const sumsName = 'SHA256SUMS';

/** One file of an archive: its bytes, or a stream of exactly `size` of them. */
export interface Entry {
  /** Relative, with `/` between folders. */
  name: string;
  content: Buffer | { stream: Readable; size: number };
}

/** What `tar-stream` gives to write into, as far as it is used here. */
interface Sink {
  write(chunk: Buffer): boolean;
  end(): void;
  once(event: 'drain', listener: () => void): unknown;
  on(event: 'error', listener: () => void): unknown;
}

/** Writes a chunk, and waits where the other side has enough for now. */
async function put(sink: Sink, chunk: Buffer, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  if (sink.write(chunk)) return;
  await new Promise<void>((resolve, reject) => {
    const stop = () => reject(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    sink.once('drain', () => {
      signal.removeEventListener('abort', stop);
      resolve();
    });
  });
}

/**
 * Writes an archive, whole or not at all, which its owner alone may read.
 *
 * @returns how many entries it has, and their bytes in all before compression
 * @throws DuetError `conflict` where a file became shorter or longer while it was read
 */
export async function writeArchive(
  file: string,
  entries: AsyncIterable<Entry>,
  signal: AbortSignal | undefined,
): Promise<{ entries: number; bytes: number }> {
  const unfinished = `${file}.unfinished`;
  const tar = pack();
  const failed = new AbortController();
  const within = signal === undefined ? failed.signal : AbortSignal.any([signal, failed.signal]);
  const sums: string[] = [];
  let total = 0;
  const fill = async () => {
    for await (const { name, content } of entries) {
      const { stream, size } = Buffer.isBuffer(content) ? { stream: [content], size: content.length } : content;
      const hash = createHash('sha256');
      const sink = tar.entry({ name, size, mode: 0o600 }) as unknown as Sink;
      // Told by the archive's own failure.
      sink.on('error', () => {});
      let bytes = 0;
      for await (const chunk of stream as AsyncIterable<Buffer> | Buffer[]) {
        bytes += chunk.length;
        hash.update(chunk);
        await put(sink, chunk, within);
      }
      if (bytes !== size) {
        throw new DuetError('conflict', 'It changed while it was being backed up.', { where: { file: name } });
      }
      sink.end();
      sums.push(`${hash.digest('hex')}  ${name}\n`);
      total += size;
    }
    tar.entry({ name: sumsName, mode: 0o600 }, sums.join(''));
    tar.finalize();
  };
  const fail = (error: unknown): never => {
    failed.abort(error);
    tar.destroy(error as Error);
    throw error;
  };
  try {
    const output = createWriteStream(unfinished, { mode: 0o600 });
    const written = pipeline(Readable.from(tar as AsyncIterable<Buffer>), createZstdCompress(), output);
    const outcomes = await Promise.allSettled([fill().catch(fail), written.catch(fail)]);
    if (failed.signal.aborted) throw failed.signal.reason;
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
    const handle = await open(unfinished, 'r+');
    await handle.sync();
    await handle.close();
    await rename(unfinished, file);
    return { entries: sums.length, bytes: total };
  } catch (error) {
    await rm(unfinished, { force: true });
    throw fileFault(error) ?? error;
  }
}

/**
 * Reads an archive from its beginning to its end and hands each entry to `take`, which must read its stream out.
 * A stream that fails was cut: what `take` has made of it is worth nothing.
 *
 * @returns how many entries there were, once the SHA-256 of each has turned out right
 * @throws DuetError `corrupt` where it is no archive, is cut short, or an entry is not what was written
 */
export async function readArchive(
  file: string,
  take: (name: string, stream: Readable) => Promise<void>,
  signal: AbortSignal | undefined,
): Promise<number> {
  const damaged = (what: string, cause?: unknown) =>
    new DuetError('corrupt', what, { where: { file }, fix: 'Take another backup: this one cannot be trusted.', cause });
  const found = new Map<string, string>();
  let sums: string | undefined;
  const stopped = new AbortController();
  const within = signal === undefined ? stopped.signal : AbortSignal.any([signal, stopped.signal]);
  const tar = extract();
  const sink = tar as unknown as Sink;
  const feed = async () => {
    const bytes = createReadStream(file).on('error', (error) => inflated.destroy(error));
    const inflated: Duplex = bytes.pipe(createZstdDecompress());
    try {
      for await (const chunk of inflated as AsyncIterable<Buffer>) await put(sink, chunk, within);
      sink.end();
    } finally {
      bytes.destroy();
    }
  };
  // The entries end with what the feeding failed with.
  const fed = feed().catch((error) => tar.destroy(error));
  let taken: unknown;
  try {
    for await (const entry of tar) {
      const { name } = entry.header;
      const content = entry as unknown as AsyncIterable<Buffer>;
      if (name === sumsName) {
        sums = await text(Readable.from(content));
        continue;
      }
      if (path.isAbsolute(name) || name.split('/').includes('..')) throw damaged(`It names a file "${name}".`);
      const hash = createHash('sha256');
      let torn = false;
      const hashed = async function* () {
        try {
          for await (const chunk of content) {
            hash.update(chunk);
            yield chunk;
          }
        } catch (error) {
          torn = true;
          throw error;
        }
      };
      await take(name, Readable.from(hashed(), { objectMode: false })).catch((error) => {
        if (!torn) taken = error;
        throw error;
      });
      found.set(name, hash.digest('hex'));
    }
    await fed;
  } catch (error) {
    stopped.abort(error);
    signal?.throwIfAborted();
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' && error !== taken) {
      throw new DuetError('not-found', 'There is no such backup.', { where: { file }, cause: error });
    }
    const fault = fileFault(error);
    if (fault) throw fault;
    if (error === taken || error instanceof DuetError) throw error;
    throw damaged('It is no backup of Duet, or its end is missing.', error);
  }
  if (sums === undefined) throw damaged('Its end is missing.');
  const promised = sums.split('\n').filter(Boolean);
  for (const line of promised) {
    const [sum, name] = [line.slice(0, 64), line.slice(66)];
    if (found.get(name) !== sum) throw damaged(`Its entry ${name} is ${found.has(name) ? 'damaged' : 'missing'}.`);
  }
  if (promised.length !== found.size) throw damaged('It has entries that its checksums do not name.');
  return found.size;
}
