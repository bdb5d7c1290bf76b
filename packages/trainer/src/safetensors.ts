import { DuetError } from '@duet/config';

/** What a safetensors file of ours holds. */
export type TensorData = Float32Array | Int32Array;
export interface NamedTensor {
  shape: readonly number[];
  data: TensorData;
}

const dtypes = { F32: Float32Array, I32: Int32Array } as const;
const headerLimit = 100_000_000;

/**
 * The tensors as a safetensors file (huggingface/safetensors, format description): the header's length as 8 bytes
 * little endian, the header as JSON, then the data in the header's order. The header is padded with spaces so that
 * the data begins on a multiple of eight bytes.
 */
export function writeSafetensors(tensors: Record<string, NamedTensor>): Buffer {
  let offset = 0;
  const header = Object.fromEntries(
    Object.entries(tensors).map(([name, { shape, data }]) => {
      const begin = offset;
      offset += data.byteLength;
      const dtype = data instanceof Float32Array ? 'F32' : 'I32';
      return [name, { dtype, shape, data_offsets: [begin, offset] }];
    }),
  );
  const json = Buffer.from(JSON.stringify(header));
  const padded = Buffer.concat([json, Buffer.alloc((8 - (json.length % 8)) % 8, ' ')]);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  const data = Object.values(tensors).map(({ data: { buffer, byteOffset, byteLength } }) =>
    Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength),
  );
  return Buffer.concat([length, padded, ...data]);
}

interface Entry {
  dtype: keyof typeof dtypes;
  shape: number[];
  data_offsets: [number, number];
}

/**
 * Reads a safetensors file of F32 and I32 tensors.
 *
 * @throws DuetError `corrupt` where the header or the sizes do not fit the file
 */
export function readSafetensors(bytes: Buffer, file: string): Record<string, NamedTensor> {
  const corrupt = (what: string) => new DuetError('corrupt', what, { where: { file } });
  const headerBytes = bytes.length >= 8 ? Number(bytes.readBigUInt64LE()) : Number.POSITIVE_INFINITY;
  if (headerBytes > headerLimit || 8 + headerBytes > bytes.length) {
    throw corrupt('it is not a safetensors file, or it was cut off.');
  }
  let header: Record<string, Entry>;
  try {
    header = JSON.parse(bytes.subarray(8, 8 + headerBytes).toString('utf8'));
  } catch {
    throw corrupt('its safetensors header is not JSON.');
  }
  const base = 8 + headerBytes;
  return Object.fromEntries(
    Object.entries(header)
      .filter(([name]) => name !== '__metadata__')
      .map(
        ([
          name,
          {
            dtype,
            shape,
            data_offsets: [begin, end],
          },
        ]) => {
          const kind = dtypes[dtype];
          const length = shape.reduce((product, n) => product * n, 1);
          if (kind === undefined || end - begin !== length * 4 || begin < 0 || base + end > bytes.length) {
            throw corrupt(`tensor "${name}" [${shape}] of ${dtype} does not fit its place in the file.`);
          }
          const copy = new Uint8Array(bytes.subarray(base + begin, base + end));
          return [name, { shape, data: new kind(copy.buffer) }];
        },
      ),
  );
}
