import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, test } from 'node:test';
import { DuetError } from '@duet/base';
import fc from 'fast-check';
import { loadSafetensors, readSafetensors, saveSafetensors, writeSafetensors } from './safetensors.ts';

const tensors = {
  'table/item': { shape: [2, 3], data: Float32Array.of(1, -2, 3.5, 0, Math.fround(1e-9), 7) },
  rows: { shape: [4], data: Int32Array.of(0, 1, -1, 2 ** 30) },
  empty: { shape: [0], data: new Float32Array() },
};

describe('safetensors', () => {
  test('gives back what was written', () => {
    assert.deepEqual(readSafetensors(writeSafetensors(tensors), 'x'), tensors);
  });

  test('has the published layout: little-endian header length, JSON header, data', () => {
    const bytes = writeSafetensors({ a: { shape: [1], data: Float32Array.of(1.5) } });
    const length = Number(bytes.readBigUInt64LE());
    assert.deepEqual(JSON.parse(bytes.subarray(8, 8 + length).toString()), {
      a: { dtype: 'F32', shape: [1], data_offsets: [0, 4] },
    });
    assert.equal(bytes.readFloatLE(8 + length), 1.5);
    assert.equal((8 + length) % 8, 0);
  });

  test('refuses a file that ends too early, at whatever byte', () => {
    const bytes = writeSafetensors(tensors);
    for (let end = 0; end < bytes.length; end++) {
      assert.throws(() => readSafetensors(bytes.subarray(0, end), 'weights.safetensors'), {
        name: 'DuetError',
        code: 'corrupt',
      });
    }
  });

  test('refuses whatever JSON its header is, unless that describes its data', () => {
    const withHeader = (header: unknown) => {
      const json = Buffer.from(JSON.stringify(header) ?? 'null');
      const length = Buffer.alloc(8);
      length.writeBigUInt64LE(BigInt(json.length));
      return Buffer.concat([length, json, Buffer.alloc(8)]);
    };
    const entry = { dtype: 'F32', shape: [2], data_offsets: [0, 8] };
    assert.deepEqual(Object.keys(readSafetensors(withHeader({ a: entry }), 'x')), ['a']);
    const parts = fc.record({ dtype: fc.jsonValue(), shape: fc.jsonValue(), data_offsets: fc.jsonValue() });
    const changed = parts.map((part) => ({ ...entry, ...part }));
    const malformed = fc.oneof(
      fc.jsonValue(),
      fc.dictionary(fc.string(), fc.jsonValue()),
      fc.constantFrom(...['__proto__', 'toString', 'F16', 0, null]).map((dtype) => ({ a: { ...entry, dtype } })),
      fc
        .constantFrom(...(['dtype', 'shape', 'data_offsets'] as const))
        .map((key) => ({ a: { ...entry, [key]: undefined } })),
      changed.map((a) => ({ a })),
    );
    fc.assert(
      fc.property(malformed, (header) => {
        try {
          readSafetensors(withHeader(header), 'weights.safetensors');
        } catch (error) {
          assert.ok(error instanceof DuetError && error.code === 'corrupt', String(error));
        }
      }),
      { numRuns: 2000 },
    );
  });

  test('goes to a file and back with its note, over the one of before, and leaves nothing beside it', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'duet-safetensors-'));
    const file = path.join(folder, 'x.safetensors');
    await saveSafetensors(file, {}, 'before');
    await saveSafetensors(file, tensors, 'step 3');
    assert.deepEqual(await loadSafetensors(file), { tensors, note: 'step 3' });
    assert.deepEqual(readSafetensors(await readFile(file), file), tensors);
    assert.deepEqual(await readdir(folder), ['x.safetensors']);
    const bytes = await readFile(file);
    for (const end of [0, 7, 8, 40, bytes.length - 1]) {
      await writeFile(file, bytes.subarray(0, end));
      await assert.rejects(loadSafetensors(file), { name: 'DuetError', code: 'corrupt' });
    }
    await rm(folder, { recursive: true });
  });
});
