import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { DuetError } from '@duet/base';
import fc from 'fast-check';
import { annEngines } from './engines.ts';
import { buildWith, clustered, enginesHere, isAllowed, neighbours, skipWithout } from './testing/reference.ts';
import { type EngineName, engineNames, noScore, type VectorIndex } from './vector-index.ts';

const dim = 19;
const n = 2_011;
const vectors = clustered(2, n, dim, 40);
const queries = clustered(3, 33, dim, 40);
const query = (q: number) => queries.subarray(q * dim, (q + 1) * dim);
const build = (name: EngineName, factory = 'Flat', seed = 7): Promise<VectorIndex> =>
  buildWith(name, vectors, dim, factory, { seed });

for (const name of engineNames) {
  test(`${name}: Flat finds exactly the brute-force neighbours, alone and in a batch`, skipWithout(name), async () => {
    await using index = await build(name);
    assert.deepEqual(
      [index.dim, index.size, index.factory, index.engine, index.nprobe],
      [dim, n, 'Flat', name, undefined],
    );
    for (const k of [1, 100, n + 3]) {
      const batch = await index.search(queries, k);
      for (let q = 0; q < 33; q += 4) {
        const nearest = neighbours(vectors, query(q), k);
        const alone = await index.search(query(q), k);
        for (const [ids, scores] of [
          [alone.ids, alone.scores],
          [batch.ids.subarray(q * k, (q + 1) * k), batch.scores.subarray(q * k, (q + 1) * k)],
        ] as const) {
          assert.deepEqual(new Set(ids.subarray(0, nearest.length)), new Set(nearest.map(({ id }) => id)));
          assert.deepEqual([...ids.subarray(n)], k > n ? [-1, -1, -1] : []);
          assert.deepEqual([...scores.subarray(n)], k > n ? [noScore, noScore, noScore] : []);
          // 19 products of numbers below 1, each rounded to 24 bits.
          for (const [i, { score }] of nearest.entries()) assert.ok(Math.abs(scores[i]! - score) < 19 * 2 ** -23);
        }
      }
    }
  });

  const factories =
    name.startsWith('faiss-node') || name === 'exact' ? ['Flat'] : ['Flat', 'IVF16,Flat', 'IVF16,SQfp16'];
  for (const factory of factories) {
    test(
      `${name}: ${factory} under a filter finds allowed rows only, and all of them at full effort`,
      skipWithout(name),
      async () => {
        await using index = await build(name, factory);
        const bitmaps = fc.oneof(
          fc.uint8Array({ minLength: Math.ceil(n / 8), maxLength: Math.ceil(n / 8) }),
          // Few bits set: fewer allowed rows than k.
          fc.uniqueArray(fc.nat(n - 1), { maxLength: 30 }).map((rows) => {
            const bitmap = new Uint8Array(Math.ceil(n / 8));
            for (const row of rows) bitmap[row >> 3]! |= 1 << (row & 7);
            return bitmap;
          }),
        );
        await fc.assert(
          fc.asyncProperty(bitmaps, fc.nat(32), fc.constantFrom(1, 50), async (allowed, q, k) => {
            const { ids } = await index.search(query(q), k, { allowed });
            for (const id of ids) assert.ok(id === -1 || isAllowed(allowed, id), `row ${id} is not allowed`);
            // All 33 queries go through FAISS's other path, which hands batches to BLAS.
            for (const id of (await index.search(queries, k, { allowed })).ids)
              assert.ok(id === -1 || isAllowed(allowed, id));
            const full = (await index.search(query(q), k, { allowed, nprobe: 16 })).ids;
            const nearest = neighbours(vectors, query(q), k, allowed);
            assert.equal(full.filter((id) => id !== -1).length, nearest.length);
            if (factory !== 'IVF16,SQfp16') {
              assert.deepEqual(new Set(full.subarray(0, nearest.length)), new Set(nearest.map(({ id }) => id)));
            }
          }),
          { seed: 5, numRuns: 25 },
        );
      },
    );
  }

  test(`${name}: what a caller gets wrong is a bad-input that names the argument`, skipWithout(name), async () => {
    await using index = await build(name);
    const refused = async (field: string, ...args: unknown[]) => {
      await assert.rejects(
        () => index.search(...(args as Parameters<VectorIndex['search']>)),
        (error) => error instanceof DuetError && error.code === 'bad-input' && error.where.field === field,
      );
    };
    await refused('queries', new Float32Array(dim + 1), 1);
    await refused('queries', new Float32Array(0), 1);
    await refused('queries', new Float64Array(dim), 1);
    await refused('queries', new Float32Array(dim).fill(Number.NaN), 1);
    await refused('k', query(0), 0);
    await refused('k', query(0), 65_537);
    await refused('nprobe', query(0), 1, { nprobe: 0 });
    await refused('allowed', query(0), 1, { allowed: new Uint8Array(1) });
    assert.throws(() => index.setNprobe(3), { code: 'bad-input' });
  });

  test(
    `${name}: searches in flight end well while their index is disposed and others are built`,
    skipWithout(name),
    async () => {
      const index = await build(name);
      const nearest = neighbours(vectors, query(0), 5).map(({ id }) => id);
      const searches = Array.from({ length: 40 }, () => index.search(query(0), 5));
      const rebuilt = Promise.all([build(name), build(name)]);
      await index[Symbol.asyncDispose]();
      for (const { ids } of await Promise.all(searches)) assert.deepEqual([...ids], nearest);
      await assert.rejects(index.search(query(0), 5), { code: 'unavailable' });
      await assert.rejects(index.write('/nowhere'), { code: 'unavailable' });
      for (const other of await rebuilt) {
        assert.deepEqual([...(await other.search(query(0), 5)).ids], nearest);
        await other[Symbol.asyncDispose]();
      }
      await index[Symbol.asyncDispose]();
    },
  );

  test(`${name}: an index does not change with the arrays it was given`, skipWithout(name), async () => {
    const copy = vectors.slice();
    await using index = await buildWith(name, copy, dim, 'Flat', { seed: 0 });
    copy.fill(0);
    const asked = query(1).slice();
    const answer = index.search(asked, 3);
    asked.fill(0);
    assert.deepEqual(
      [...(await answer).ids],
      neighbours(vectors, query(1), 3).map(({ id }) => id),
    );
  });
}

test('the same seed builds the same IVF index', skipWithout('faiss'), async () => {
  await using one = await build('faiss', 'IVF16,Flat', 3);
  await using two = await build('faiss', 'IVF16,Flat', 3);
  assert.deepEqual(await one.search(queries, 50), await two.search(queries, 50));
});

test('nprobe is kept by the index and bounded by its lists', skipWithout('faiss'), async () => {
  await using index = await build('faiss', 'IVF16,Flat');
  assert.equal(index.nprobe, 1);
  index.setNprobe(16);
  assert.equal(index.nprobe, 16);
  assert.deepEqual((await index.search(queries, 20)).ids, (await index.search(queries, 20, { nprobe: 999 })).ids);
  for (const nprobe of [0, 17, 1.5]) assert.throws(() => index.setNprobe(nprobe), { code: 'bad-input' });
});

test(
  'three worker threads and the main one search at once, and a thread may end with searches in flight',
  skipWithout('faiss'),
  async () => {
    const worker = `
    const { parentPort, workerData: { engines, factory, vectors, dim } } = require('node:worker_threads');
    (async () => {
      for (const name of engines) {
        const { openEngine } = await import(${JSON.stringify(new URL('./engines.ts', import.meta.url).href)});
        const index = await openEngine(name).build(vectors, dim, { factory: { mapped: false, lists: 8, links: 0, storage: 'Flat' }, seed: 0 });
        const answers = await Promise.all(Array.from({ length: 50 }, (_, q) => index.search(vectors.subarray(q * dim, (q + 1) * dim), 1)));
        parentPort.postMessage(answers.map(({ ids }) => ids[0]));
        for (let i = 0; i < 20; i++) index.search(vectors.subarray(0, 100 * dim), 10).catch(() => {});
      }
      process.exit();
    })();`;
    const engines = enginesHere.filter((name) => name === 'faiss' || name === 'faiss-avx2');
    await using here = await build('faiss');
    const threads = [1, 2, 3].map(
      () =>
        new Promise<number[][]>((resolve, reject) => {
          const answers: number[][] = [];
          const thread = new Worker(worker, { eval: true, workerData: { engines, vectors, dim } });
          thread.on('message', (ids) => answers.push(ids));
          thread.on('error', reject);
          thread.on('exit', () => resolve(answers));
        }),
    );
    assert.deepEqual([...(await here.search(vectors.subarray(0, dim), 1)).ids], [0]);
    for (const answers of await Promise.all(threads)) {
      assert.equal(answers.length, engines.length);
      // A unit vector is its own nearest neighbour.
      for (const ids of answers)
        assert.deepEqual(
          ids,
          Array.from({ length: 50 }, (_, q) => q),
        );
    }
  },
);

test('the exact engine lets the event loop turn while it scans', async () => {
  await using index = await build('exact');
  let turns = 0;
  const count = setInterval(() => turns++, 0);
  // 33 × 8 queries × 2,011 × 19 products are ten slices.
  await index.search(
    Float32Array.from({ length: 8 * queries.length }, (_, i) => queries[i % queries.length]!),
    10,
  );
  clearInterval(count);
  assert.ok(turns >= 3, `${turns} turns`);
});

test('annEngines lists every engine best first, with a reason and a way to get it', async () => {
  const report = await annEngines();
  assert.deepEqual(
    report.map(({ engine }) => engine),
    [...engineNames],
  );
  assert.deepEqual(
    report.filter(({ works }) => works).map(({ engine }) => engine),
    enginesHere,
  );
  assert.ok(report.every(({ reason, how }) => reason.endsWith('.') && how.endsWith('.')));
  assert.equal(report.at(-1)!.works, true);
});
