import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openEngine } from './engines.ts';
import { parseFactory } from './factory.ts';
import { inspectIndexFile } from './file.ts';
import { readIndex } from './open.ts';
import { buildWith, clustered, enginesHere, skipWithout } from './testing/reference.ts';
import type { Neighbours } from './vector-index.ts';

const dim = 12;
const n = 900;
const vectors = clustered(2, n, dim, 20);
const queries = clustered(3, 40, dim, 20);
const folder = await mkdtemp(join(tmpdir(), 'duet-ann-'));
after(() => rm(folder, { recursive: true }));

const write = async (name: (typeof enginesHere)[number], factory: string, nprobe?: number) => {
  const path = join(folder, `${name}-${factory}.faiss`);
  await using index = await buildWith(name, vectors, dim, factory, { seed: 5 });
  if (nprobe !== undefined) index.setNprobe(nprobe);
  await index.write(path);
  return { path, answer: await index.search(queries, 10) };
};

function assertSame(found: Neighbours, wanted: Neighbours, what?: string): void {
  assert.deepEqual(found.ids, wanted.ids, what);
  for (const [i, score] of found.scores.entries()) assert.ok(Math.abs(score - wanted.scores[i]!) < dim * 2 ** -23);
}

for (const writer of enginesHere) {
  test(`a Flat file that ${writer} wrote gives the same answers in every engine, and is the same bytes`, async () => {
    const { path, answer } = await write(writer, 'Flat');
    const exact = await write('exact', 'Flat');
    assert.deepEqual(await readFile(path), await readFile(exact.path));
    const file = await inspectIndexFile(path);
    assert.deepEqual([file.dim, file.size, file.nprobe], [dim, n, undefined]);
    for (const reader of enginesHere) {
      await using index = await openEngine(reader).read(path, file, false);
      assert.deepEqual([index.dim, index.size, index.factory], [dim, n, 'Flat']);
      assertSame(await index.search(queries, 10), answer);
    }
  });
}

const native = enginesHere.filter((name) => name === 'faiss' || name === 'faiss-avx2');
const ivf = ['IVF8,Flat', 'IVF8,SQfp16', 'IVF8,SQ8'];
const all = ['Flat', 'IDMap,Flat', ...ivf, 'HNSW16', 'IDMap,HNSW16'];
for (const factory of ivf) {
  test(
    `an ${factory} file keeps its nprobe and its answers in every build of FAISS`,
    skipWithout('faiss'),
    async () => {
      for (const writer of native) {
        const { path, answer } = await write(writer, factory, 3);
        const file = await inspectIndexFile(path);
        assert.deepEqual(file, { factory: parseFactory(factory), dim, size: n, nprobe: 3, vectorsAt: 0, idsAt: 0 });
        for (const reader of native) {
          await using index = await openEngine(reader).read(path, file, false);
          assert.deepEqual([index.dim, index.size, index.factory, index.nprobe], [dim, n, factory, 3]);
          assertSame(await index.search(queries, 10), answer);
        }
      }
    },
  );
}

test('every truncation is refused with a reason, and so is anything behind the end', async () => {
  const writers = native.length > 0 ? all.map((factory) => write(native[0]!, factory)) : [];
  for (const { path } of await Promise.all([write('exact', 'Flat'), write('exact', 'IDMap,Flat'), ...writers])) {
    const whole = await readFile(path);
    const part = join(folder, 'part.faiss');
    // Every length in the headers, then a spread over the rest.
    for (let length = 0; length < whole.length; length += length < 200 ? 1 : 997) {
      await writeFile(part, whole.subarray(0, length));
      await assert.rejects(readIndex(part), {
        code: 'corrupt',
        message: /part\.faiss: .*(truncated|more than|not a FAISS)/,
      });
    }
    await writeFile(part, whole.subarray(0, whole.length - 1));
    await assert.rejects(readIndex(part), { code: 'corrupt' });
    await writeFile(part, Buffer.concat([whole, Buffer.from([0])]));
    await assert.rejects(readIndex(part), { code: 'corrupt', message: /1 bytes after its end/ });
  }
});

test('a file that is absent, a folder, text, or an index of another kind is refused for what it is', async () => {
  await assert.rejects(readIndex(join(folder, 'none')), { code: 'not-found' });
  await assert.rejects(readIndex(folder), { code: 'bad-input' });
  const other = join(folder, 'other.faiss');
  await writeFile(other, 'PAR1 is a Parquet file, which is no index at all.');
  await assert.rejects(readIndex(other), { code: 'corrupt', message: /not a FAISS index file/ });
  const bytes = await readFile((await write('exact', 'Flat')).path);
  const l2 = Buffer.from(bytes);
  l2.write('IxF2');
  await writeFile(other, l2);
  await assert.rejects(readIndex(other), { code: 'bad-input', message: /L2/ });
  l2.write('IHNp');
  await writeFile(other, l2);
  await assert.rejects(readIndex(other), { code: 'bad-input', message: /"IHNp" is not supported/ });
});

test('a write that cannot end leaves neither a file nor a part of one', async () => {
  for (const name of enginesHere) {
    await using index = await buildWith(name, vectors, dim, 'Flat', { seed: 5 });
    const before = await readdir(folder);
    await assert.rejects(index.write(join(folder, 'absent', 'x.faiss')), { code: 'unavailable', message: /absent/ });
    // A folder in its place: everything is written, the last rename fails.
    await assert.rejects(index.write(folder), { code: 'unavailable' });
    assert.deepEqual(await readdir(folder), before);
    assert.deepEqual(
      (await readdir(tmpdir())).filter((entry) => entry.includes('duet-ann') && entry.endsWith('.tmp')),
      [],
    );
  }
});

const pythons = ['python3', '/usr/bin/python3'];
const python = pythons.find((program) => spawnSync(program, ['-c', 'import faiss, numpy']).status === 0);
const skip =
  python !== undefined ? skipWithout('faiss').skip : "Python's FAISS is not here: apt-get install python3-faiss";

test("Python's FAISS reads a file of every kind and answers as we do, and the reverse", { skip }, async () => {
  const program = `
import sys, faiss, numpy as np
folder, dim = sys.argv[1], int(sys.argv[2])
load = lambda name, type='float32': np.fromfile(folder + '/' + name, dtype=type)
vectors, queries = load('vectors.f32').reshape(-1, dim), load('queries.f32').reshape(-1, dim)
ids = load('ids.i32', 'int32').astype('int64')
for factory in sys.argv[3:]:
    ours = faiss.read_index(folder + '/faiss-' + factory + '.faiss')
    scores, found = ours.search(queries, 10)
    found.astype('int32').tofile(folder + '/ours.' + factory)
    scores.tofile(folder + '/ours-scores.' + factory)
    theirs = faiss.index_factory(dim, factory, faiss.METRIC_INNER_PRODUCT)
    theirs.train(vectors)
    if factory.startswith('IVF'): theirs.nprobe = 2
    if 'HNSW' in factory: faiss.downcast_index(theirs.index if 'IDMap' in factory else theirs).hnsw.efSearch = 300
    if 'IDMap' in factory or 'IVF' in factory: theirs.add_with_ids(vectors, ids)
    else: theirs.add(vectors)
    faiss.write_index(theirs, folder + '/python-' + factory + '.faiss')
    theirs.search(queries, 10)[1].astype('int32').tofile(folder + '/theirs.' + factory)
`;
  const ids = Int32Array.from({ length: n }, (_, row) => 3 * row + 5);
  const put = (name: string, { buffer }: Float32Array | Int32Array) =>
    writeFile(join(folder, name), new Uint8Array(buffer));
  await Promise.all([put('vectors.f32', vectors), put('queries.f32', queries), put('ids.i32', ids)]);
  const get = async (name: string) => new Uint8Array(await readFile(join(folder, name))).buffer;
  const answers = await Promise.all(
    all.map(async (factory) => (await write('faiss', factory, factory.startsWith('IVF') ? 3 : undefined)).answer),
  );
  const ran = spawnSync(python!, ['-c', program, folder, String(dim), ...all], { encoding: 'utf8' });
  assert.equal(ran.status, 0, ran.stderr);
  for (const [i, factory] of all.entries()) {
    const scores = new Float32Array(await get(`ours-scores.${factory}`));
    assertSame({ ids: new Int32Array(await get(`ours.${factory}`)), scores }, answers[i]!, factory);
    for (const mmap of [false, true]) {
      await using theirs = await readIndex(join(folder, `python-${factory}.faiss`), { mmap });
      assert.equal(theirs.factory, factory);
      assert.equal(theirs.idLimit, factory === 'Flat' || factory === 'HNSW16' ? n : 3 * n + 3);
      assert.deepEqual((await theirs.search(queries, 10)).ids, new Int32Array(await get(`theirs.${factory}`)), factory);
    }
  }
});
