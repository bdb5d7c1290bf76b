/**
 * Run by fuzz.test.ts in a process of its own, since what it looks for is the end of that process: throws everything
 * that fast-check can think of at one engine, and accepts only sound answers and DuetErrors. Prints how many of each.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuetError } from '@duet/config';
import fc from 'fast-check';
import { openEngine } from '../engines.ts';
import { type Binding, loadBinding } from '../native.ts';
import { buildIndex, readIndex } from '../open.ts';
import type { EngineName, VectorIndex } from '../vector-index.ts';
import { clustered } from './reference.ts';

const name = process.env.DUET_ANN_ENGINE as EngineName;
const { approximate } = openEngine(name);
const dim = 6;
const n = 500;
const vectors = clustered(2, n, dim, 10);
const folder = await mkdtemp(join(tmpdir(), 'duet-fuzz-'));
const counts = { answered: 0, refused: 0 };

/** Runs one call: an answer is checked, a DuetError is what a refusal has to be, anything else ends the run. */
async function attempt<T>(call: () => Promise<T> | T, check: (answer: T) => unknown): Promise<void> {
  let answer: T;
  try {
    answer = await call();
  } catch (error) {
    if (!(error instanceof DuetError)) throw error;
    counts.refused++;
    return;
  }
  await check(answer);
  counts.answered++;
}

const detached = () => {
  const array = new Float32Array(dim);
  structuredClone(array.buffer, { transfer: [array.buffer] });
  return array;
};
const numbers = (length: number) =>
  fc
    .oneof(
      { weight: 4, arbitrary: fc.constant(Math.fround(9e14)) },
      { weight: 1, arbitrary: fc.constant(Math.fround(3e38)) },
    )
    .chain((max) => fc.array(fc.float({ noNaN: true, min: -max, max: max }), { minLength: length, maxLength: length }));
const queries = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .integer({ min: 1, max: 25 })
      .chain((m) => numbers(m * dim))
      .map((x) => new Float32Array(x)),
  },
  fc.float32Array({ maxLength: 40 }),
  fc.constantFrom(
    null,
    undefined,
    detached(),
    new Float32Array(new SharedArrayBuffer(4 * dim)),
    new DataView(new ArrayBuffer(8)),
  ),
  fc.anything({ withTypedArray: true, withNullPrototype: true }),
);
const whole = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 2 * n }) },
  fc.constantFrom(
    0,
    -1,
    0.5,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    65_536,
    65_537,
    2 ** 31,
    2 ** 53,
    -(2 ** 63),
    3n,
    '3',
  ),
  fc.anything({ withNullPrototype: true }),
);
const options = fc.oneof(
  fc.record(
    {
      nprobe: whole,
      allowed: fc.oneof(
        { weight: 3, arbitrary: fc.uint8Array({ minLength: 63, maxLength: 63 }) },
        fc.uint8Array({ maxLength: 80 }),
        fc.anything({ withTypedArray: true }),
      ),
    },
    { requiredKeys: [] },
  ),
  fc.anything({ withNullPrototype: true }),
);

const checkAnswer = (index: VectorIndex, { ids, scores }: { ids: Int32Array; scores: Float32Array }) => {
  if (ids.length !== scores.length || ids.some((id) => id < -1 || id >= index.size))
    throw new Error('An id is out of range.');
};

const factories = approximate ? ['Flat', 'IVF8,Flat', 'IVF8,SQfp16', 'IVF8,SQ8'] : ['Flat'];
const indexes = await Promise.all(factories.map((factory) => buildIndex(vectors, dim, { factory })));

await fc.assert(
  fc.asyncProperty(fc.constantFrom(...indexes), queries, whole, options, async (index, q, k, o) => {
    await attempt(
      () => index.search(q as Float32Array, k as number, o as object),
      (answer) => checkAnswer(index, answer),
    );
  }),
  { seed: 11, numRuns: 1_000, endOnFailure: true },
);

const factoryNames = fc.oneof(
  fc.constantFrom(
    ...factories,
    'IVF501,Flat',
    'HNSW32',
    'PQ4',
    'IVF8,PQ2',
    'IDMap,Flat',
    'IVF9999999999,Flat',
    'Flat,',
    '',
  ),
  fc.anything({ withNullPrototype: true }),
);
await fc.assert(
  fc.asyncProperty(factoryNames, queries, whole, whole, async (factory, v, d, seed) => {
    await attempt(
      () => buildIndex(v as Float32Array, d as number, { factory: factory as string, seed: seed as number }),
      async (index) => {
        await attempt(
          () => index.search(new Float32Array(index.dim), 3),
          (answer) => checkAnswer(index, answer),
        );
        await attempt(
          () => index.setNprobe(d as number),
          () => {},
        );
        await index[Symbol.asyncDispose]();
      },
    );
  }),
  { seed: 12, numRuns: 300, endOnFailure: true },
);

// Damaged files: a byte or a whole number replaced, most often among the lengths that FAISS would trust.
for (const [i, index] of indexes.entries()) {
  const path = join(folder, `${i}.faiss`);
  await index.write(path);
  const sound = await readFile(path);
  const places = fc.oneof(
    fc.nat(120),
    fc.nat(sound.length - 9),
    fc.integer({ min: sound.length - n * 40, max: sound.length - 9 }).map((x) => Math.max(0, x)),
  );
  const values = fc.oneof(
    fc.bigInt({ min: 0n, max: 1_000n }),
    fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    fc.constantFrom(2n ** 63n, 2n ** 31n, 2n ** 40n),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(places, values, fc.boolean()), { minLength: 1, maxLength: 4 }),
      fc.boolean(),
      async (changes, filtered) => {
        const bytes = Buffer.from(sound);
        for (const [at, value, byte] of changes) {
          if (byte) bytes[at] = Number(value & 255n);
          else bytes.writeBigUInt64LE(value, at);
        }
        const damaged = join(folder, 'damaged.faiss');
        await writeFile(damaged, bytes);
        await attempt(
          () => readIndex(damaged),
          async (read) => {
            const allowed = filtered ? new Uint8Array(Math.ceil(read.size / 8)).fill(0x5b) : undefined;
            for (const nprobe of [undefined, 8]) {
              await attempt(
                () => read.search(vectors.subarray(0, 21 * read.dim), 20, { allowed, nprobe }),
                (answer) => checkAnswer(read, answer),
              );
            }
            await read[Symbol.asyncDispose]();
          },
        );
      },
    ),
    { seed: 13 + i, numRuns: 250, endOnFailure: true },
  );
}

for (const path of [
  '',
  '\0',
  'a\0b',
  folder,
  '/dev/null',
  '/dev/zero',
  '/proc/self/mem',
  'x'.repeat(5_000),
  7,
  null,
  {},
]) {
  await attempt(
    () => readIndex(path as string),
    () => {
      throw new Error(`${String(path)} was read as an index.`);
    },
  );
  if (path !== '' && path !== 7 && path !== null) {
    await attempt(
      () => indexes[0]!.write(join(folder, 'absent', String(path))),
      () => {
        throw new Error(`${String(path)} was written.`);
      },
    );
  }
}

// The binding checks for itself too: it is the last line before FAISS.
if (approximate) {
  const { FaissIndex } = loadBinding(name as 'faiss') as Binding;
  const raw = FaissIndex.create('IVF4,Flat', dim);
  const anything = fc.oneof(queries, whole, fc.anything());
  const methods = ['search', 'add', 'train', 'setNprobe', 'write', 'info'] as const;
  const refusals = async (call: () => unknown) => {
    try {
      await call();
      counts.answered++;
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      counts.refused++;
    }
  };
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...methods), fc.array(anything, { maxLength: 4 }), async (method, args) => {
      // A string would be the path of a file to write.
      const harmless = args.map((value) => (typeof value === 'string' ? `/absent/${value}` : value));
      await refusals(() => (raw[method] as (...args: unknown[]) => unknown)(...harmless));
      await refusals(() => Reflect.apply(raw[method], harmless[0], harmless));
    }),
    { seed: 19, numRuns: 800, endOnFailure: true },
  );
  await refusals(() => new (FaissIndex as unknown as new (x: unknown) => unknown)({}));
  await refusals(() => FaissIndex.create('IVF4,HNSW32', dim));
  raw.close();
  raw.close();
  for (const method of methods) await refusals(() => (raw[method] as (...args: unknown[]) => unknown)(vectors, 1, 1));
}

for (const index of indexes) await index[Symbol.asyncDispose]();
await rm(folder, { recursive: true });
process.stdout.write(JSON.stringify(counts));
