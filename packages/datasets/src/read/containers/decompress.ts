/// <reference path="./unbzip2-stream.d.ts" />
import { PassThrough, Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { DuetError } from '@duet/base';
import unbzip2 from 'unbzip2-stream';
import xz from 'xz-decompress';

type Bytes = AsyncIterable<Buffer>;

/** Compressions by the bytes that their files begin with. */
const compressions: { name: string; magic: number[]; open: (bytes: Bytes) => Bytes }[] = [
  {
    name: 'gzip',
    magic: [0x1f, 0x8b],
    open: (bytes) => pipe(bytes, createGunzip({ chunkSize: 1 << 18 })),
  },
  {
    name: 'zstd',
    magic: [0x28, 0xb5, 0x2f, 0xfd],
    open: (bytes) => pipe(bytes, createZstdDecompress({ chunkSize: 1 << 18 })),
  },
  {
    name: 'bzip2',
    magic: [0x42, 0x5a, 0x68],
    // It is a stream of the oldest kind, which cannot be iterated.
    open: (bytes) => pipe(pipe(bytes, unbzip2()), new PassThrough()),
  },
  {
    name: 'xz',
    magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00],
    open: (bytes) => {
      const web = Readable.toWeb(Readable.from(bytes)) as ReadableStream<Uint8Array>;
      return Readable.fromWeb(new xz.XzReadableStream(web) as never) as Bytes;
    },
  },
];

/** A stream's errors reach who reads what comes out of it. */
function pipe(bytes: Bytes, through: NodeJS.ReadWriteStream): Bytes {
  const isStream = 'pipe' in bytes;
  const source = isStream ? (bytes as unknown as Readable) : Readable.from(bytes, { objectMode: false });
  source.once('error', (error) => {
    // What an old stream does when it is destroyed is to end: what it has read would be taken for all.
    if (through instanceof Readable) through.destroy(error);
    else through.emit('error', error);
  });
  return source.pipe(through) as unknown as Bytes;
}

/** The first bytes of a stream, and the stream as if nothing had been read. */
export async function peek(bytes: Bytes, length: number): Promise<{ head: Buffer; bytes: Bytes }> {
  const iterator = bytes[Symbol.asyncIterator]();
  const read: Buffer[] = [];
  let size = 0;
  while (size < length) {
    const { value, done } = await iterator.next();
    if (done) break;
    read.push(Buffer.from(value));
    size += value.length;
  }
  const head = Buffer.concat(read);
  async function* again(): AsyncGenerator<Buffer> {
    try {
      if (head.length > 0) yield head;
      yield* { [Symbol.asyncIterator]: () => iterator };
    } finally {
      await iterator.return?.();
    }
  }
  return { head: head.subarray(0, length), bytes: again() };
}

/**
 * Bytes without their compression, whatever it is; a file that is compressed twice too.
 *
 * @throws DuetError `corrupt` for what is damaged or cut short
 */
export async function* decompressed(file: string, bytes: Bytes, layers = 2): AsyncGenerator<Buffer> {
  const { head, bytes: all } = await peek(bytes, 6);
  const compression = compressions.find(({ magic }) => magic.every((byte, at) => head[at] === byte));
  if (compression === undefined || layers === 0) {
    yield* all;
    return;
  }
  async function* opened(): AsyncGenerator<Buffer> {
    try {
      for await (const chunk of compression!.open(all)) yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    } catch (cause) {
      if (cause instanceof DuetError || (cause as Error).name === 'AbortError') throw cause;
      throw new DuetError(
        'corrupt',
        `this ${compression!.name} file is damaged or cut short (${(cause as Error).message}).`,
        {
          where: { file },
          cause,
        },
      );
    }
  }
  yield* decompressed(file, opened(), layers - 1);
}
