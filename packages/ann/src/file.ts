import { randomUUID } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { DuetError } from '@duet/base';
import { type Factory, factoryName, flatFactory } from './factory.ts';
import { checkDim, checkPath, checkWhole, maxSize } from './vector-index.ts';

/*
 * FAISS's file format, as faiss/impl/index_write.cpp of 1.7.3 writes it and later versions still do, little-endian:
 *   header: fourcc, dim i32, size i64, 2 × i64 unused, trained u8, metric i32 (0 = inner product)
 *   Flat "IxFI": header, count u64, count × f32
 *   HNSW "IHNf": header, graph, the vectors (a whole Flat index)
 *   with ids "IxMp" | "IxM2": header, a whole index of the kinds above, count u64, count × i64
 *   IVF "IwFl" | "IwSq": header, lists u64, nprobe u64, quantizer (a whole Flat index), direct map, ["IwSq" only:
 *   scalar
 *     quantizer], inverted lists "ilar"
 */

/** What a file holds, once every length in it agrees with every other and with the file's size. */
export interface IndexFile {
  factory: Factory;
  dim: number;
  size: number;
  nprobe: number | undefined;
  /** Where the vectors of a Flat index begin, in bytes. */
  vectorsAt: number;
  /** Where the ids of an index that keeps them begin, in bytes. */
  idsAt: number;
}

const chunkBytes = 1 << 24;
const headerBytes = 4 + 4 + 8 + 16 + 1 + 4;
const metricInnerProduct = 0;
/** FAISS's ScalarQuantizer::QuantizerType. */
const scalarQuantizers = { SQ8: 0, SQfp16: 4 };
/** IDs in an inverted list. */
const idBytes = 8;

/** Reads a file forward, and refuses to go past its end. */
class Cursor {
  at = 0;
  readonly file: FileHandle;
  readonly bytes: number;
  readonly path: string;

  constructor(path: string, file: FileHandle, bytes: number) {
    this.path = path;
    this.file = file;
    this.bytes = bytes;
  }

  refuse(what: string): DuetError {
    return new DuetError('corrupt', `${what} (byte ${this.at}).`, {
      where: { file: this.path },
      fix: 'The index has to be built again.',
    });
  }

  unsupported(what: string): DuetError {
    return new DuetError('bad-input', what, {
      where: { file: this.path },
      fix: 'Duet reads inner product indexes of the kinds Flat, IVF<lists>,Flat, IVF<lists>,SQfp16, IVF<lists>,SQ8, HNSW<links> and IDMap,…',
    });
  }

  require(condition: boolean, what: string): void {
    if (!condition) throw this.refuse(what);
  }

  skip(bytes: number, what: string): void {
    this.require(this.at + bytes <= this.bytes, `it is truncated: it ends inside ${what}`);
    this.at += bytes;
  }

  async take(bytes: number, what: string): Promise<DataView> {
    const from = this.at;
    this.skip(bytes, what);
    const buffer = new Uint8Array(bytes);
    await readFully(this.file, buffer, from);
    return new DataView(buffer.buffer);
  }

  async fourcc(what: string): Promise<string> {
    return String.fromCharCode(...new Uint8Array((await this.take(4, what)).buffer));
  }

  async byte(what: string): Promise<number> {
    return (await this.take(1, what)).getUint8(0);
  }

  /** A u64 that must be a number of something in this file, so no greater than the file's bytes. */
  async count(what: string): Promise<number> {
    const value = (await this.take(8, what)).getBigUint64(0, true);
    this.require(value <= BigInt(this.bytes), `${what} is ${value}, more than the file can hold`);
    return Number(value);
  }

  async counts(length: number, what: string): Promise<number[]> {
    const view = await this.take(length * 8, what);
    const values = Array.from({ length }, (_, i) => view.getBigUint64(i * 8, true));
    this.require(
      values.every((value) => value <= BigInt(this.bytes)),
      `${what} has a number greater than the file`,
    );
    return values.map(Number);
  }
}

async function readFully(file: FileHandle, target: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < target.length; ) {
    const part = target.subarray(done, done + chunkBytes);
    const { bytesRead } = await file.read(part, 0, part.length, position + done);
    if (bytesRead === 0) throw new DuetError('corrupt', 'the file became shorter while it was read.');
    done += bytesRead;
  }
}

/** Opens, or says in a sentence why not. */
async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r');
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    throw new DuetError(
      missing ? 'not-found' : 'unavailable',
      missing ? 'there is no index file.' : `it cannot be opened: ${(cause as Error).message}.`,
      { where: { file: path }, cause },
    );
  }
}

/**
 * Checks an index file's structure and size, so that FAISS is never handed one whose lengths would make it read or
 * allocate wildly. It reads the lengths, not the vectors: whether those are the ones written is for a checksum to say.
 *
 * @throws DuetError 'not-found'; 'corrupt' where it is truncated, too long or contradicts itself; 'bad-input' for a
 *   kind of index that Duet does not read
 */
export async function inspectIndexFile(path: string): Promise<IndexFile> {
  await using file = await openFile(checkPath(path));
  const stats = await file.stat();
  if (!stats.isFile()) throw new DuetError('bad-input', 'it is not a file.', { where: { file: path } });
  const cursor = new Cursor(path, file, stats.size);
  const index = await readIndexStructure(cursor);
  cursor.require(cursor.at === cursor.bytes, `it has ${cursor.bytes - cursor.at} bytes after its end`);
  return index;
}

async function readIndexStructure(cursor: Cursor): Promise<IndexFile> {
  const kind = await cursor.fourcc('the kind of index');
  if (!/^I[xwHv2][\w]{2}$/.test(kind)) throw cursor.refuse('it is not a FAISS index file');
  if (kind === 'IxF2') throw cursor.unsupported('it is an L2 index, whose scores are distances.');
  const { dim, size } = await readHeaderOf(kind, cursor);
  if (kind === 'IxMp' || kind === 'IxM2') {
    const inner = await cursor.fourcc('the index with ids');
    if (inner !== 'IxFI' && inner !== 'IHNf')
      throw cursor.unsupported(`with ids, its kind "${inner}" is not supported.`);
    const of = await readHeader(cursor);
    cursor.require(of.dim === dim && of.size === size, 'what it holds does not fit its ids');
    const index = await readVectors(cursor, inner, dim, size);
    cursor.require((await cursor.count('the ids')) === size, 'it has other ids than vectors');
    const idsAt = cursor.at;
    cursor.skip(size * idBytes, 'the ids');
    return { ...index, factory: { ...index.factory, mapped: true }, idsAt };
  }
  if (kind === 'IxFI' || kind === 'IHNf') return await readVectors(cursor, kind, dim, size);
  const lists = await cursor.count('the number of lists');
  const nprobe = await cursor.count('nprobe');
  cursor.require(lists >= 1 && nprobe >= 1, 'it has no lists or visits none');
  cursor.require((await cursor.fourcc('the coarse quantizer')) === 'IxFI', 'its coarse quantizer is not Flat');
  const quantizer = await readHeader(cursor);
  cursor.require(quantizer.dim === dim && quantizer.size === lists, 'its coarse quantizer does not fit its lists');
  await readFlatStructure(cursor, dim, lists);
  const directMap = await cursor.byte('the direct map');
  if (directMap > 1) throw cursor.unsupported('it has a hashed direct map.');
  cursor.skip((await cursor.count('the direct map')) * 8, 'the direct map');
  const storage = kind === 'IwFl' ? 'Flat' : await readScalarQuantizer(cursor, dim);
  const codeBytes = { Flat: 4 * dim, SQfp16: 2 * dim, SQ8: dim }[storage];
  await readLists(cursor, { lists, codeBytes, size });
  const factory: Factory = { ...flatFactory, lists, storage };
  return { factory, dim, size, nprobe: Math.min(nprobe, lists), vectorsAt: 0, idsAt: 0 };
}

async function readHeaderOf(kind: string, cursor: Cursor): Promise<{ dim: number; size: number }> {
  if (['IxFI', 'IHNf', 'IxMp', 'IxM2', 'IwFl', 'IwSq'].includes(kind)) return await readHeader(cursor);
  throw cursor.unsupported(`its kind "${kind}" is not supported.`);
}

/** A Flat index, or an HNSW graph and the Flat index behind it. */
async function readVectors(cursor: Cursor, kind: 'IxFI' | 'IHNf', dim: number, size: number): Promise<IndexFile> {
  let links = 0;
  if (kind === 'IHNf') {
    links = await readGraph(cursor, size);
    cursor.require((await cursor.fourcc('the vectors')) === 'IxFI', 'its vectors are not Flat');
    const flat = await readHeader(cursor);
    cursor.require(flat.dim === dim && flat.size === size, 'its vectors do not fit its graph');
  }
  const vectorsAt = await readFlatStructure(cursor, dim, size);
  return { factory: { ...flatFactory, links }, dim, size, nprobe: undefined, vectorsAt, idsAt: 0 };
}

/**
 * The lengths of an HNSW graph; the binding checks the links. @returns its links a vertex, which FAISS keeps as the
 * number of a vertex's links up to each level: 0, 2 × links, 3 × links …
 */
async function readGraph(cursor: Cursor, size: number): Promise<number> {
  const what = 'the graph';
  const probabilities = await countOf(cursor, what, 8);
  cursor.skip(probabilities * 8, what);
  const levels = await cursor.count(what);
  cursor.require(levels >= 3 && levels <= 64, 'its graph has no or too many levels');
  const upTo = await cursor.take(levels * 4, what);
  const links = upTo.getInt32(4, true) / 2;
  const regular = Array.from(
    { length: levels },
    (_, i) => upTo.getInt32(4 * i, true) === (i === 0 ? 0 : (i + 1) * links),
  );
  cursor.require(
    Number.isInteger(links) && links >= 1 && links <= 1024 && regular.every(Boolean),
    'its graph has no regular number of links',
  );
  cursor.require((await cursor.count(what)) === size, 'its graph has other vertices than vectors');
  cursor.skip(size * 4, what);
  cursor.require((await cursor.count(what)) === size + 1, 'its graph has other vertices than vectors');
  cursor.skip((size + 1) * 8, what);
  cursor.skip((await countOf(cursor, what, 4)) * 4, what);
  cursor.skip(5 * 4, what);
  return links;
}

async function readHeader(cursor: Cursor): Promise<{ dim: number; size: number }> {
  const view = await cursor.take(33, 'the header');
  const dim = view.getInt32(0, true);
  const size = Number(view.getBigInt64(4, true));
  const trained = view.getUint8(28);
  const metric = view.getInt32(29, true);
  try {
    checkDim(dim);
    checkWhole('size', size, 0, maxSize);
  } catch {
    throw cursor.refuse(`its header says ${size} vectors of ${dim} numbers`);
  }
  cursor.require(trained === 1, 'it is not trained');
  if (metric !== metricInnerProduct) throw cursor.unsupported(`its metric ${metric} is not the inner product.`);
  return { dim, size };
}

async function readFlatStructure(cursor: Cursor, dim: number, size: number): Promise<number> {
  const numbers = await cursor.count('the vectors');
  cursor.require(numbers === dim * size, `it holds ${numbers} numbers where its header says ${size} × ${dim}`);
  const at = cursor.at;
  cursor.skip(numbers * 4, 'the vectors');
  return at;
}

async function readScalarQuantizer(cursor: Cursor, dim: number): Promise<'SQ8' | 'SQfp16'> {
  const type = (await cursor.take(12, 'the scalar quantizer')).getInt32(0, true);
  if (type !== scalarQuantizers.SQ8 && type !== scalarQuantizers.SQfp16) {
    throw cursor.unsupported(`its scalar quantizer's type ${type} is not SQ8 or SQfp16.`);
  }
  const storage = type === scalarQuantizers.SQ8 ? 'SQ8' : 'SQfp16';
  const codeBytes = storage === 'SQ8' ? dim : 2 * dim;
  cursor.require((await cursor.count('the scalar quantizer')) === dim, "its scalar quantizer's dimension is another");
  cursor.require((await cursor.count('the scalar quantizer')) === codeBytes, "its scalar quantizer's code is too long");
  const trained = await cursor.count('the scalar quantizer');
  cursor.require(
    trained === (storage === 'SQ8' ? 2 * dim : 0),
    'its scalar quantizer has other ranges than dimensions',
  );
  cursor.skip(trained * 4, 'the scalar quantizer');
  cursor.require((await cursor.count('the code size')) === codeBytes, 'its code size is another');
  const residual = await cursor.byte('the code size');
  cursor.require(residual <= 1, 'it does not say whether it keeps residuals');
  return storage;
}

async function readLists(cursor: Cursor, want: { lists: number; codeBytes: number; size: number }): Promise<void> {
  const what = 'the inverted lists';
  cursor.require((await cursor.fourcc(what)) === 'ilar', 'it has no inverted lists');
  cursor.require((await cursor.count(what)) === want.lists, 'its number of inverted lists is another');
  cursor.require((await cursor.count(what)) === want.codeBytes, 'its inverted lists keep other vectors');
  const layout = await cursor.fourcc(what);
  cursor.require(layout === 'full' || layout === 'sprs', 'its inverted lists have no known layout');
  const numbers = await cursor.counts(await countOf(cursor, what, 8), what);
  let sizes = numbers;
  if (layout === 'full') cursor.require(numbers.length === want.lists, 'its inverted lists have other sizes');
  else {
    // Pairs of a list and its size, for the lists that are not empty.
    const named = numbers.filter((_, i) => i % 2 === 0);
    cursor.require(
      numbers.length % 2 === 0 && named.every((list, i) => list < want.lists && (i === 0 || list > named[i - 1]!)),
      'its inverted lists name one that it does not have',
    );
    sizes = numbers.filter((_, i) => i % 2 === 1);
  }
  const total = sizes.reduce((sum, size) => sum + size, 0);
  cursor.require(total === want.size, `its inverted lists hold ${total} vectors where its header says ${want.size}`);
  cursor.skip(total * (want.codeBytes + idBytes), what);
}

/** A number of things of so many bytes each. */
async function countOf(cursor: Cursor, what: string, bytes: number): Promise<number> {
  const length = await cursor.count(what);
  cursor.require(length * bytes <= cursor.bytes, `it is truncated: it ends inside ${what}`);
  return length;
}

/** The vectors of a Flat index that `inspectIndexFile` has found sound, and its ids where it keeps them. */
export async function readFlatVectors(
  path: string,
  { factory, dim, size, vectorsAt, idsAt }: IndexFile,
): Promise<{ vectors: Float32Array; ids: Int32Array | undefined }> {
  await using file = await openFile(path);
  const vectors = new Float32Array(dim * size);
  await readFully(file, new Uint8Array(vectors.buffer), vectorsAt);
  if (!factory.mapped) return { vectors, ids: undefined };
  const wide = new BigInt64Array(size);
  await readFully(file, new Uint8Array(wide.buffer), idsAt);
  if (wide.some((id) => id < 0n || id >= BigInt(maxSize))) {
    throw new DuetError('corrupt', `it holds an id outside 0 … ${maxSize - 1}.`, { where: { file: path } });
  }
  return { vectors, ids: Int32Array.from(wide, Number) };
}

/** Writes an IndexFlatIP as FAISS does, in an IndexIDMap where there are ids. */
export async function writeFlat(
  path: string,
  vectors: Float32Array,
  dim: number,
  ids: Int32Array | undefined,
): Promise<void> {
  await using file = await open(path, 'w');
  const size = vectors.length / dim;
  if (ids !== undefined) await file.write(header('IxMp', dim, size));
  await file.write(header('IxFI', dim, size));
  await file.write(new BigUint64Array([BigInt(vectors.length)]));
  await writeFully(file, vectors);
  if (ids === undefined) return;
  await file.write(new BigUint64Array([BigInt(size)]));
  await writeFully(file, BigInt64Array.from(ids, BigInt));
}

function header(kind: string, dim: number, size: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(headerBytes));
  for (const [i, letter] of [...kind].entries()) view.setUint8(i, letter.charCodeAt(0));
  view.setInt32(4, dim, true);
  view.setBigInt64(8, BigInt(size), true);
  // FAISS writes 1 << 20 into both unused fields.
  view.setBigInt64(16, 1n << 20n, true);
  view.setBigInt64(24, 1n << 20n, true);
  view.setUint8(32, 1);
  view.setInt32(33, metricInnerProduct, true);
  return new Uint8Array(view.buffer);
}

async function writeFully(file: FileHandle, { buffer, byteOffset, byteLength }: ArrayBufferView): Promise<void> {
  const bytes = new Uint8Array(buffer, byteOffset, byteLength);
  for (let at = 0; at < bytes.length; ) {
    at += (await file.write(bytes.subarray(at, at + chunkBytes))).bytesWritten;
  }
}

/** Lets `write` fill a file beside `path`, checks that it holds what it should, makes it durable, and renames it. */
export async function replaceIndexFile(
  path: string,
  want: { factory: string; dim: number; size: number },
  write: (temporary: string) => Promise<void>,
): Promise<void> {
  const temporary = `${checkPath(path)}.${randomUUID()}.tmp`;
  try {
    await write(temporary);
    // FAISS only prints where closing its file fails, so a full disk shows here.
    const written = await inspectIndexFile(temporary);
    if (factoryName(written.factory) !== want.factory || written.dim !== want.dim || written.size !== want.size) {
      throw new Error('the file holds another index');
    }
    await using file = await open(temporary, 'r');
    await file.sync();
    await rename(temporary, path);
  } catch (cause) {
    // Where even this fails, the reason to report is still the first one.
    await rm(temporary, { force: true }).catch(() => {});
    throw new DuetError('unavailable', `the index could not be written: ${(cause as Error).message.slice(0, 500)}`, {
      where: { file: path },
      fix: 'Check that the folder exists, may be written to and has room.',
      cause,
    });
  }
}
