import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, test } from 'node:test';
import { buildIndex, readIndex } from './open.ts';
import { clustered, enginesHere, skipWithout } from './testing/reference.ts';

const dim = 8;
const vectors = clustered(2, 300, dim, 10);
const folder = await mkdtemp(join(tmpdir(), 'duet-ann-'));
after(() => rm(folder, { recursive: true }));
afterEach(() => delete process.env.DUET_ANN_ENGINE);

test('the best engine here is taken, or the one that DUET_ANN_ENGINE names', async () => {
  await using best = await buildIndex(vectors, dim, { factory: 'Flat' });
  assert.equal(best.engine, enginesHere[0]);
  for (const name of enginesHere) {
    process.env.DUET_ANN_ENGINE = name;
    await using index = await buildIndex(vectors, dim, { factory: 'Flat' });
    assert.equal(index.engine, name);
    await index.write(join(folder, 'flat.faiss'));
    await using read = await readIndex(join(folder, 'flat.faiss'));
    assert.equal(read.engine, name);
  }
  process.env.DUET_ANN_ENGINE = 'annoy';
  await assert.rejects(buildIndex(vectors, dim, { factory: 'Flat' }), {
    code: 'bad-input',
    message: /DUET_ANN_ENGINE/,
  });
});

test(
  'without IVF, a build is Flat that keeps ids as IVF does and says so, and an IVF file is refused with what to do',
  skipWithout('faiss'),
  async () => {
    const path = join(folder, 'ivf.faiss');
    await using ivf = await buildIndex(vectors, dim, { factory: 'IVF4,Flat' });
    await ivf.write(path);
    process.env.DUET_ANN_ENGINE = 'exact';
    const warned = once(process, 'warning');
    await using flat = await buildIndex(vectors, dim, { factory: 'IVF4,Flat' });
    assert.deepEqual([flat.factory, flat.engine], ['IDMap,Flat', 'exact']);
    assert.match((await warned)[0].message, /exact has no IVF4,Flat/);
    await assert.rejects(readIndex(path), { code: 'unavailable', message: /IVF4,Flat index.*build:native/ });
  },
);

test('what cannot be built is refused before any engine sees it', async () => {
  const refused = (field: string, over: Float32Array, dims: number, factory: string, seed?: number) =>
    assert.rejects(buildIndex(over, dims, { factory, seed }), { code: 'bad-input', where: { field } });
  for (const factory of ['LSH', 'HNSW3', 'HNSW129', 'IDMap,IVF4,Flat', 'Flat,'])
    await refused('factory', vectors, dim, factory);
  await refused('factory', vectors, dim, 'IVF0,Flat');
  await refused('factory', vectors, dim, 'IVF301,Flat');
  await refused('vectors', vectors.subarray(1), dim, 'Flat');
  await refused('vectors', new Float32Array(0), dim, 'IVF4,Flat');
  await refused('vectors', new Float32Array(dim).fill(Number.POSITIVE_INFINITY), dim, 'Flat');
  // FAISS's k-means would never end over these.
  await refused('vectors', new Float32Array(100 * dim).fill(1e38), dim, 'IVF4,Flat');
  await refused('dim', vectors, 0, 'Flat');
  await refused('seed', vectors, dim, 'Flat', -1);
});
