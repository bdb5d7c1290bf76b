import assert from 'node:assert/strict';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, test } from 'node:test';
import { chooseIndex } from './choose.ts';
import { clustered, skipWithout } from './testing/reference.ts';

const dim = 16;
const n = 21_000;
const vectors = clustered(2, n, dim, 200);
const queries = clustered(3, 40, dim, 200);
const folder = await mkdtemp(join(tmpdir(), 'duet-ann-'));
after(() => rm(folder, { recursive: true }));
afterEach(() => delete process.env.DUET_ANN_ENGINE);

test(
  'of all that reach the target, one of the fastest is chosen, and the reason says so',
  skipWithout('faiss'),
  async () => {
    const chosen = await chooseIndex(vectors, dim, queries, { recallTarget: 0.95 });
    await using index = chosen.index;
    assert.deepEqual(
      chosen.candidates.map(({ factory }) => factory),
      ['Flat', 'IVF128,Flat', 'IVF128,SQfp16', 'IVF128,SQ8'],
    );
    assert.deepEqual([index.factory, index.nprobe], [chosen.factory, chosen.nprobe]);
    const reaching = chosen.candidates.filter(({ recallAt100 }) => recallAt100 >= 0.95);
    assert.ok(chosen.recallAt100 >= 0.95);
    assert.ok(
      chosen.p50Us <= 1.1 * 1.1 * 1.1 * Math.min(...reaching.map(({ p50Us }) => p50Us)),
      JSON.stringify(chosen),
    );
    assert.match(chosen.reason, /fastest of the \d \(of 4\) that reach recall@100 0\.95/);
  },
);

test(
  'a memory budget leaves out what does not fit, and bytesPerVector is what the file has',
  skipWithout('faiss'),
  async () => {
    const chosen = await chooseIndex(vectors, dim, queries, { recallTarget: 0.9, memoryBudget: n * 50 });
    await using index = chosen.index;
    assert.deepEqual(
      chosen.candidates.map(({ factory }) => factory),
      ['IVF128,SQfp16', 'IVF128,SQ8'],
    );
    await index.write(join(folder, 'chosen.faiss'));
    const { size } = await stat(join(folder, 'chosen.faiss'));
    assert.ok(Math.abs(size / n / chosen.bytesPerVector - 1) < 0.01, `${size / n} and ${chosen.bytesPerVector}`);
    await assert.rejects(chooseIndex(vectors, dim, queries, { memoryBudget: n * 10 }), {
      code: 'bad-input',
      message: /IVF128,SQ8, the smallest/,
    });
  },
);

test(
  'where the target is out of reach, the nearest is taken and the reason says so',
  skipWithout('faiss'),
  async () => {
    const chosen = await chooseIndex(vectors, dim, queries, { recallTarget: 1, factory: 'IVF64,SQ8' });
    await using index = chosen.index;
    assert.deepEqual([chosen.factory, index.nprobe, chosen.reason], ['IVF64,SQ8', 64, 'It was asked for.']);
    const nearest = await chooseIndex(vectors, dim, queries, { recallTarget: 1, memoryBudget: n * 40 });
    await using other = nearest.index;
    assert.equal(other.factory, 'IVF128,SQ8');
    assert.match(nearest.reason, /None of 1 reaches recall@100 1/);
  },
);

test('up to 20,000 vectors, and without an engine for more, the index is Flat', async () => {
  const few = await chooseIndex(vectors.subarray(0, 3_656 * dim), dim, queries);
  await using index = few.index;
  assert.deepEqual(
    [index.factory, few.recallAt100, few.candidates.length, few.bytesPerVector],
    ['Flat', 1, 1, 4 * dim],
  );
  assert.match(few.reason, /^Up to 20,000/);
  process.env.DUET_ANN_ENGINE = 'exact';
  const exact = await chooseIndex(vectors, dim, queries.subarray(0, 2 * dim));
  await using other = exact.index;
  assert.deepEqual([other.engine, exact.reason], ['exact', 'The engine exact has only Flat.']);
});

test('wrong arguments are refused by name', async () => {
  await assert.rejects(chooseIndex(vectors.subarray(1), dim, queries), { where: { field: 'vectors' } });
  await assert.rejects(chooseIndex(vectors, dim, queries.subarray(1)), { where: { field: 'queries' } });
  await assert.rejects(chooseIndex(vectors, dim, queries, { recallTarget: 1.01 }), {
    where: { field: 'recallTarget' },
  });
  await assert.rejects(chooseIndex(vectors, dim, queries, { factory: 'LSH' }), { where: { field: 'factory' } });
});
