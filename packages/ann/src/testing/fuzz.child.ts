/**
 * Run by fuzz.test.ts in a process of its own, since what it looks for is the end of that process: throws everything
 * that fast-check can think of at one engine, and accepts only sound answers and DuetErrors. Prints how many of each.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { registerHooks } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuetError } from '@duet/base';
import fc from 'fast-check';
import { openEngine } from '../engines.ts';
import { parseFactory } from '../factory.ts';
import { type Binding, loadBinding } from '../native.ts';
import { buildIndex, readIndex } from '../open.ts';
import type { EngineName, VectorIndex } from '../vector-index.ts';
import { clustered } from './reference.ts';

// The same binding, compiled with sanitizers, takes its place.
if (process.env.SANITIZED_BINDING) {
  registerHooks({
    resolve: (specifier, context, next) =>
      next(specifier.endsWith('/build/faiss.node') ? process.env.SANITIZED_BINDING! : specifier, context),
  });
}

/** Sanitizers make each call several times as slow: a quarter of the calls is what they are given. */
const runs = (n: number): number => (process.env.SANITIZED_BINDING ? Math.ceil(n / 4) : n);

const name = process.env.DUET_ANN_ENGINE as EngineName;
const engine = openEngine(name);
const native = name === 'faiss' || name === 'faiss-avx2';
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
const idArrays = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.array(fc.integer({ min: 0, max: 2 * n }), { maxLength: 40 }).map((x) => Int32Array.from(x)),
  },
  fc.int32Array({ maxLength: 10 }),
  fc.anything({ withTypedArray: true }),
);
const ranges = fc.oneof(fc.record({ from: whole, to: whole }), fc.anything());
const options = fc.oneof(
  fc.record({ efSearch: whole, ids: idArrays }, { requiredKeys: [] }),
  fc.record({ range: ranges }),
  fc.record({ limit: whole, ids: idArrays, range: ranges, allowed: fc.uint8Array() }, { requiredKeys: [] }),
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
  if (ids.length !== scores.length || ids.some((id) => id < -1 || id >= index.idLimit))
    throw new Error('An id is out of range.');
};

const factories = ['Flat', 'IDMap,Flat', 'IVF8,Flat', 'IVF8,SQfp16', 'IVF8,SQ8', 'HNSW8', 'IDMap,HNSW8'].filter(
  (factory) => engine.builds(parseFactory(factory)),
);
const indexes = await Promise.all(factories.map((factory) => buildIndex(vectors, dim, { factory })));

await fc.assert(
  fc.asyncProperty(fc.constantFrom(...indexes), queries, whole, options, async (index, q, k, o) => {
    await attempt(
      () => index.search(q as Float32Array, k as number, o as object),
      (answer) => checkAnswer(index, answer),
    );
  }),
  { seed: 11, numRuns: runs(1_000), endOnFailure: true },
);

await fc.assert(
  fc.asyncProperty(fc.constantFrom(...indexes), queries, fc.double(), options, async (index, q, minScore, o) => {
    await attempt(
      () => index.rangeSearch(q as Float32Array, minScore, o as object),
      (answer) => {
        checkAnswer(index, answer);
        if (answer.offsets.at(-1) !== answer.ids.length) throw new Error('The offsets do not end with the ids.');
      },
    );
  }),
  { seed: 14, numRuns: runs(600), endOnFailure: true },
);

// Changes, in any order, of indexes that searches go on over; each run's indexes are its own.
const changes = fc.oneof(
  fc.record({ do: fc.constant('add' as const), vectors: queries }),
  fc.record({ do: fc.constant('addWithIds' as const), vectors: queries, ids: idArrays }),
  fc.record({ do: fc.constant('removeIds' as const), ids: idArrays }),
  fc.record({ do: fc.constant('reconstruct' as const), ids: idArrays }),
  fc.record({ do: fc.constant('merge' as const), other: fc.oneof(fc.nat(3), fc.anything()) }),
  fc.record({ do: fc.constant('setNprobe' as const), nprobe: whole }),
);
await fc.assert(
  fc.asyncProperty(
    fc.constantFrom(...factories),
    fc.array(fc.tuple(fc.nat(1), changes), { minLength: 1, maxLength: 12 }),
    async (factory, steps) => {
      const few = vectors.subarray(0, 40 * dim);
      const pair = [await buildIndex(few, dim, { factory }), await buildIndex(few, dim, { factory })];
      const running = steps.flatMap(([which, step]) => {
        const index = pair[which]!;
        const change = async () => {
          if (step.do === 'add') return await index.add(step.vectors as Float32Array);
          if (step.do === 'addWithIds')
            return await index.addWithIds(step.vectors as Float32Array, step.ids as Int32Array);
          if (step.do === 'removeIds') return await index.removeIds(step.ids as Int32Array);
          if (step.do === 'reconstruct') return await index.reconstruct(step.ids as Int32Array);
          if (step.do === 'merge') return await index.merge((pair[step.other as number] ?? step.other) as VectorIndex);
          return index.setNprobe(step.nprobe as number);
        };
        const search = () => index.search(few.subarray(0, dim), 5, { ids: Int32Array.of(1, 7, 39) });
        return [attempt(change, () => {}), attempt(search, ({ ids }) => ids.length)];
      });
      await Promise.all(running);
      for (const index of pair) {
        await attempt(
          () => index.search(few.subarray(0, dim), 50),
          (answer) => checkAnswer(index, answer),
        );
        await index[Symbol.asyncDispose]();
      }
    },
  ),
  { seed: 15, numRuns: runs(250), endOnFailure: true },
);

const factoryNames = fc.oneof(
  fc.constantFrom(
    ...factories,
    'IVF501,Flat',
    'HNSW2',
    'HNSW999',
    'PQ4',
    'IVF8,PQ2',
    'IDMap,IVF8,Flat',
    'IVF9999999999,Flat',
    'Flat,',
    '',
  ),
  fc.anything({ withNullPrototype: true }),
);
await fc.assert(
  fc.asyncProperty(factoryNames, queries, whole, whole, idArrays, async (factory, v, d, seed, ids) => {
    await attempt(
      () =>
        buildIndex(v as Float32Array, d as number, {
          factory: factory as string,
          seed: seed as number,
          ids: (seed === 1 ? ids : undefined) as Int32Array,
        }),
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
  { seed: 12, numRuns: runs(300), endOnFailure: true },
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
          () => readIndex(damaged, { mmap: filtered }),
          async (read) => {
            const allowed = filtered ? new Uint8Array(Math.ceil(read.idLimit / 8)).fill(0x5b) : undefined;
            for (const nprobe of [undefined, 8]) {
              await attempt(
                () => read.search(vectors.subarray(0, 21 * read.dim), 20, { allowed, nprobe }),
                (answer) => checkAnswer(read, answer),
              );
            }
            await attempt(
              () => read.reconstruct(Int32Array.of(0, 499)),
              (answer) => answer.length,
            );
            await attempt(
              () => read.removeIds(Int32Array.of(0, 499)),
              () => {},
            );
            await attempt(
              () => read.add(vectors.subarray(0, 2 * read.dim)),
              () => {},
            );
            await attempt(
              () => read.rangeSearch(vectors.subarray(0, read.dim), 0.5),
              (answer) => checkAnswer(read, answer),
            );
            await read[Symbol.asyncDispose]();
          },
        );
      },
    ),
    { seed: 13 + i, numRuns: runs(250), endOnFailure: true },
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
if (native) {
  const { FaissIndex } = loadBinding(name as 'faiss') as Binding;
  const raw = FaissIndex.create('IVF4,Flat', dim);
  const other = FaissIndex.create('IVF4,Flat', dim);
  await other.train(vectors, 1, 1);
  await other.add(vectors, undefined, 1);
  const anything = fc.oneof(
    queries,
    whole,
    idArrays,
    fc.constantFrom(raw, other, FaissIndex.create('Flat', dim + 1)),
    fc.anything(),
  );
  const methods = [
    ...(['search', 'rangeSearch', 'add', 'remove', 'reconstruct'] as const),
    ...(['merge', 'train', 'setNprobe', 'write', 'info'] as const),
  ];
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
    fc.asyncProperty(
      fc.constantFrom(raw, other),
      fc.constantFrom(...methods),
      fc.array(anything, { maxLength: 5 }),
      async (index, method, args) => {
        // A string would be the path of a file to write.
        const harmless = args.map((value) => (typeof value === 'string' ? `/absent/${value}` : value));
        await refusals(() => Reflect.apply(index[method], index, harmless));
        await refusals(() => Reflect.apply(index[method], harmless[0], harmless));
      },
    ),
    { seed: 19, numRuns: runs(1_500), endOnFailure: true },
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
