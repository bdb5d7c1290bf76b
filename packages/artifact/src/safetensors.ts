import { type FileHandle, open, rename } from 'node:fs/promises';
import { DuetError } from '@duet/base';
import { z } from 'zod';

/** What a safetensors file of ours holds. */
export type TensorData = Float32Array | Int32Array;
export interface NamedTensor {
  shape: readonly number[];
  data: TensorData;
}

const dtypes = { F32: Float32Array, I32: Int32Array } as const;
const headerLimit = 100_000_000;
/** The header's one key that is no tensor. */
const metadata = '__metadata__';

/**
 * The tensors' bytes in the order of the header, which comes first, padded so that they begin on a multiple of eight.
 */
function layOut(tensors: Record<string, NamedTensor>, note?: string): Buffer[] {
  let offset = 0;
  const header = Object.fromEntries(
    Object.entries(tensors).map(([name, { shape, data }]) => {
      const begin = offset;
      offset += data.byteLength;
      const dtype = data instanceof Float32Array ? 'F32' : 'I32';
      return [name, { dtype, shape, data_offsets: [begin, offset] }];
    }),
  );
  const json = Buffer.from(JSON.stringify(note === undefined ? header : { [metadata]: { note }, ...header }));
  const padded = Buffer.concat([json, Buffer.alloc((8 - (json.length % 8)) % 8, ' ')]);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  const data = Object.values(tensors).map(({ data: { buffer, byteOffset, byteLength } }) =>
    Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength),
  );
  return [length, padded, ...data];
}

/**
 * The tensors as a safetensors file (huggingface/safetensors, format description): the header's length as 8 bytes
 * little endian, the header as JSON, then the data in the header's order.
 */
export const writeSafetensors = (tensors: Record<string, NamedTensor>): Buffer => Buffer.concat(layOut(tensors));

/**
 * The same into a file, without a copy in memory: written under another name, synced and then renamed, so that there is
 * the file of before or the whole new one.
 *
 * @param note text that is kept in the header
 */
export async function saveSafetensors(file: string, tensors: Record<string, NamedTensor>, note: string): Promise<void> {
  const building = `${file}.building`;
  {
    await using handle = await open(building, 'w');
    for (const bytes of layOut(tensors, note)) await handle.appendFile(bytes);
    await handle.sync();
  }
  await rename(building, file);
}

const count = z.int().nonnegative();
const entrySchema = z.object({
  dtype: z.enum(['F32', 'I32']),
  shape: z.array(count),
  data_offsets: z.tuple([count, count]),
});
type Entry = z.infer<typeof entrySchema>;
/** The header as anybody may have written it: a file whose checksum is right can still be malformed. */
const headerSchema = z
  .object({ [metadata]: z.object({ note: z.string().optional() }).optional() })
  .catchall(entrySchema);

interface Header {
  note: string;
  tensors: Record<string, Entry>;
  /** Where the data begin. */
  base: number;
}

const corrupt = (file: string, what: string) => new DuetError('corrupt', what, { where: { file } });

/** @param start the file's bytes up to the data, or more */
function readHeader(start: Buffer, size: number, file: string): Header {
  const headerBytes = start.length >= 8 ? Number(start.readBigUInt64LE()) : Number.POSITIVE_INFINITY;
  const base = 8 + headerBytes;
  if (headerBytes > headerLimit || base > size) {
    throw corrupt(file, 'it is not a safetensors file, or it was cut off.');
  }
  let json: unknown;
  try {
    json = JSON.parse(start.subarray(8, base).toString('utf8'));
  } catch {
    throw corrupt(file, 'its safetensors header is not JSON.');
  }
  const parsed = headerSchema.safeParse(json);
  if (!parsed.success) {
    throw corrupt(file, `its safetensors header is malformed (${parsed.error.issues[0]!.path.join('.')}).`);
  }
  const { [metadata]: meta, ...tensors } = parsed.data;
  for (const [name, { dtype, shape, data_offsets }] of Object.entries(tensors as Record<string, Entry>)) {
    const [begin, end] = data_offsets;
    const length = shape.reduce((product, n) => product * n, 1);
    if (end - begin !== length * 4 || base + end > size) {
      throw corrupt(file, `tensor "${name}" [${shape}] of ${dtype} does not fit its place in the file.`);
    }
  }
  return { note: meta?.note ?? '', tensors: tensors as Record<string, Entry>, base };
}

/** A view of more than this keeps the whole file in memory: it is most of it. */
const viewBytes = 1 << 20;

/**
 * Reads a safetensors file of F32 and I32 tensors. Large ones are views of `bytes`, where they are aligned.
 *
 * @throws DuetError `corrupt` where the header or the sizes do not fit the file
 */
export function readSafetensors(bytes: Buffer, file: string): Record<string, NamedTensor> {
  const { tensors, base } = readHeader(bytes, bytes.length, file);
  return Object.fromEntries(
    Object.entries(tensors).map(([name, { dtype, shape, data_offsets }]) => {
      const [begin, end] = data_offsets;
      const at = bytes.byteOffset + base + begin;
      if (end - begin >= viewBytes && at % 4 === 0) {
        return [name, { shape, data: new dtypes[dtype](bytes.buffer as ArrayBuffer, at, (end - begin) / 4) }];
      }
      const copy = new Uint8Array(bytes.subarray(base + begin, base + end));
      return [name, { shape, data: new dtypes[dtype](copy.buffer) }];
    }),
  );
}

/** Reads this many bytes at a position, which may be more than one call can. */
async function readExactly(handle: FileHandle, into: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < into.length; ) {
    const { bytesRead } = await handle.read(into, at, Math.min(into.length - at, 2 ** 30), position + at);
    if (bytesRead === 0) throw new Error('the file ended early');
    at += bytesRead;
  }
}

/**
 * Reads what `saveSafetensors` wrote, a tensor at a time.
 *
 * @throws DuetError as `readSafetensors`; Node's error where there is no such file
 */
export async function loadSafetensors(file: string): Promise<{ tensors: Record<string, NamedTensor>; note: string }> {
  await using handle = await open(file);
  const { size } = await handle.stat();
  const length = Buffer.alloc(8);
  if (size >= 8) await readExactly(handle, length, 0);
  const start = Buffer.alloc(Math.min(size, 8 + Math.min(headerLimit, Number(length.readBigUInt64LE()))));
  await readExactly(handle, start, 0);
  const { note, tensors: entries, base } = readHeader(start, size, file);
  const tensors: Record<string, NamedTensor> = {};
  for (const [name, { dtype, shape, data_offsets }] of Object.entries(entries)) {
    const data = new dtypes[dtype]((data_offsets[1] - data_offsets[0]) / 4);
    await readExactly(handle, new Uint8Array(data.buffer), base + data_offsets[0]);
    tensors[name] = { shape, data };
  }
  return { tensors, note };
}
