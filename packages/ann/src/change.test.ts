import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openEngine } from './engines.ts';
import { parseFactory } from './factory.ts';
import { inspectIndexFile } from './file.ts';
import { readIndex } from './open.ts';
import { buildWith, clustered, enginesHere, neighbours, skipWithout } from './testing/reference.ts';
import { engineNames, type VectorIndex } from './vector-index.ts';

const dim = 12;
const n = 600;
const vectors = clustered(2, n, dim, 20);
const queries = clustered(3, 10, dim, 20);
const rows = (from: number, to: number) => vectors.subarray(from * dim, to * dim);
const numbers = (length: number, id: (i: number) => number) => Int32Array.from({ length }, (_, i) => id(i));
const folder = await mkdtemp(join(tmpdir(), 'duet-ann-'));
after(() => rm(folder, { recursive: true }));

/** Ids of the best, of an index whose id i belongs to `rowOf(i)`, by brute force. */
const best = (q: number, k: number, keep: (row: number) => boolean = () => true) =>
  neighbours(vectors, queries.subarray(q * dim, (q + 1) * dim), n)
    .filter(({ id }) => keep(id))
    .slice(0, k)
    .map(({ id }) => id);
const found = async (index: VectorIndex, q: number, k: number, options?: object) => [
  ...(await index.search(queries.subarray(q * dim, (q + 1) * dim), k, options)).ids,
];

for (const name of engineNames) {
  const able = (factory: string) => skipWithout(name).skip === false && openEngine(name).builds(parseFactory(factory));
  const all = ['Flat', 'IDMap,Flat', 'IVF4,Flat', 'IVF4,SQfp16', 'HNSW16', 'IDMap,HNSW16'].filter(able);
  const keeping = all.filter((factory) => factory.startsWith('I'));
  const full = { nprobe: 4, efSearch: 600 };

  test(
    `${name}: ids are kept when others are removed or replaced, and new ones follow the greatest`,
    skipWithout(name),
    async () => {
      for (const factory of keeping) {
        const ids = numbers(500, (i) => 2 * i);
        await using index = await buildWith(name, rows(0, 500), dim, factory, { ids });
        assert.deepEqual([index.size, index.idLimit], [500, 999]);
        assert.deepEqual(
          await found(index, 0, 20, full),
          best(0, 20, (row) => row < 500).map((row) => 2 * row),
          factory,
        );
        await index.add(rows(500, 550));
        assert.deepEqual([index.size, index.idLimit], [550, 1049]);
        await index.addWithIds(
          rows(550, 600),
          numbers(50, (i) => 1 + 2 * i),
        );
        if (factory.includes('HNSW')) {
          await assert.rejects(index.addWithIds(rows(0, 1), Int32Array.of(0)), { code: 'bad-input' });
          await assert.rejects(index.removeIds(Int32Array.of(0)), { code: 'bad-input', message: /cannot remove/ });
          continue;
        }
        // What was row 0 … 9 goes, and ids of no vector count for nothing.
        assert.equal(await index.removeIds(numbers(20, (i) => (i % 2 === 0 ? -1 - i : 5000 + i))), 0);
        assert.equal(await index.removeIds(numbers(20, (i) => 2 * i)), 20);
        // Id 400 becomes a copy of row 7, which was removed.
        await index.addWithIds(rows(7, 8), Int32Array.of(400));
        assert.equal(index.size, 580);
        const idOf = (row: number) =>
          row >= 550 ? 1 + 2 * (row - 550) : row >= 500 ? 999 + row - 500 : row === 7 ? 400 : 2 * row;
        for (let q = 0; q < 10; q++) {
          const nearest = best(q, 30, (row) => row === 7 || (row >= 20 && row !== 200)).map(idOf);
          const got = await found(index, q, 30, full);
          if (factory !== 'IVF4,SQfp16') assert.deepEqual(got, nearest, factory);
          else assert.ok(got.filter((id) => nearest.includes(id)).length >= 29);
        }
        const back = await index.reconstruct(Int32Array.of(400, 1048));
        const exact = Float32Array.from([...rows(7, 8), ...rows(549, 550)]);
        // Half precision keeps 11 bits of numbers below 1.
        for (const [i, x] of back.entries())
          assert.ok(Math.abs(x - exact[i]!) <= (factory === 'IVF4,SQfp16' ? 2 ** -12 : 0));
        await assert.rejects(index.reconstruct(Int32Array.of(0)), { code: 'bad-input', message: /no vector 0/ });
      }
    },
  );

  test(`${name}: batch, bitmap and range select the same ids, whatever the factory`, skipWithout(name), async () => {
    for (const factory of all) {
      await using index = await buildWith(name, vectors, dim, factory);
      const ids = numbers(150, (i) => i + 100);
      const allowed = new Uint8Array(Math.ceil(n / 8));
      for (const id of ids) allowed[id >> 3]! |= 1 << (id & 7);
      const nearest = best(1, 12, (row) => row >= 100 && row < 250);
      for (const filter of [{ ids }, { allowed }, { range: { from: 100, to: 250 } }]) {
        for (const effort of [{}, full]) {
          assert.deepEqual(
            await found(index, 1, 12, { ...filter, ...effort }),
            nearest,
            `${factory} ${Object.keys(filter)}`,
          );
        }
      }
      await assert.rejects(found(index, 1, 12, { ids, allowed }), { code: 'bad-input', message: /combined/ });
      await assert.rejects(found(index, 1, 12, { range: { from: 5, to: 4 } }), { code: 'bad-input' });
    }
  });

  test(`${name}: a range search finds exactly what scores enough`, skipWithout(name), async () => {
    for (const factory of all) {
      await using index = await buildWith(name, vectors, dim, factory);
      const { offsets, ids, scores } = await index.rangeSearch(queries, 0.5, { nprobe: 4 });
      assert.deepEqual([offsets.length, offsets[0], offsets.at(-1)], [11, 0, ids.length]);
      for (let q = 0; q < 10; q++) {
        const nearest = neighbours(vectors, queries.subarray(q * dim, (q + 1) * dim), n);
        const clear = nearest.filter(({ score }) => score >= 0.502).map(({ id }) => id);
        const possible = new Set(nearest.filter(({ score }) => score >= 0.498).map(({ id }) => id));
        const got = ids.subarray(offsets[q]!, offsets[q + 1]!);
        assert.ok(clear.every((id) => got.includes(id)) && got.every((id) => possible.has(id)), factory);
      }
      assert.ok(scores.every((score) => score >= 0.5));
      const some = await index.rangeSearch(queries, -2, { range: { from: 10, to: 12 }, nprobe: 4 });
      assert.deepEqual(
        [...some.offsets],
        Array.from({ length: 11 }, (_, q) => 2 * q),
      );
      await assert.rejects(index.rangeSearch(queries, -2, { limit: 10 }), {
        code: 'bad-input',
        message: /more than 10/,
      });
      await assert.rejects(index.rangeSearch(queries, Number.NaN), { code: 'bad-input' });
    }
  });

  test(`${name}: merging moves all vectors and numbers them on`, skipWithout(name), async () => {
    for (const factory of all.filter((factory) => factory === 'Flat' || factory.startsWith('I'))) {
      const path = join(folder, 'merge.faiss');
      await using index = await buildWith(name, rows(0, 500), dim, factory);
      await index.write(path);
      if (name === 'faiss-node' || factory.includes('HNSW')) {
        await assert.rejects(index.merge(index), { message: /cannot/ });
        continue;
      }
      // Of the same training: the same file, with other vectors.
      await using other =
        factory === 'Flat'
          ? await buildWith(name, rows(500, 600), dim, factory)
          : await openEngine(name).read(path, await inspectIndexFile(path), false);
      if (factory !== 'Flat') {
        await other.removeIds(numbers(500, (i) => i));
        await other.addWithIds(
          rows(500, 600),
          numbers(100, (i) => i),
        );
      }
      await index.merge(other);
      assert.deepEqual([index.size, other.size], [600, 0]);
      const base = factory === 'Flat' ? 500 : index.idLimit - other.idLimit;
      const got = await found(index, 2, 40, full);
      const nearest = best(2, 40).map((row) => (row < 500 ? row : base + row - 500));
      if (factory === 'IVF4,SQfp16') assert.ok(got.filter((id) => nearest.includes(id)).length >= 39);
      else assert.deepEqual(got, nearest, factory);
      assert.deepEqual(await found(other, 2, 3), [-1, -1, -1]);
      await using strange = await buildWith(name, rows(100, 400), dim, factory);
      if (factory.startsWith('IVF'))
        await assert.rejects(index.merge(strange), { code: 'bad-input', message: /same trained lists/ });
      await assert.rejects(index.merge(index), { code: 'bad-input' });
    }
  });

  test(`${name}: plain Flat and HNSW grow, and say what they cannot`, skipWithout(name), async () => {
    for (const factory of all.filter((factory) => !factory.startsWith('I'))) {
      await using index = await buildWith(name, rows(0, 500), dim, factory);
      if (name === 'faiss-node') {
        for (const change of [() => index.add(rows(0, 1)), () => index.removeIds(Int32Array.of(1))]) {
          await assert.rejects(change, { code: 'unavailable', message: /faiss-node cannot change.*IDMap,Flat/ });
        }
        continue;
      }
      await index.add(rows(500, 600));
      assert.deepEqual([index.size, index.idLimit], [600, 600]);
      assert.deepEqual(await found(index, 3, 25, full), best(3, 25), factory);
      await assert.rejects(index.addWithIds(rows(0, 1), Int32Array.of(9)), { code: 'bad-input', message: /IDMap/ });
      await assert.rejects(index.removeIds(Int32Array.of(9)), { code: 'bad-input', message: /cannot remove/ });
    }
  });

  test(`${name}: an index that keeps ids may begin empty`, {
    skip: able('IDMap,Flat') ? false : 'it has no IDMap,Flat',
  }, async () => {
    await using index = await buildWith(name, new Float32Array(0), dim, 'IDMap,Flat', { ids: new Int32Array(0) });
    assert.deepEqual(await found(index, 0, 2), [-1, -1]);
    await index.addWithIds(rows(0, 2), Int32Array.of(70, 3));
    assert.deepEqual(
      (await found(index, 0, 3)).toSorted((a, b) => a - b),
      [-1, 3, 70],
    );
    await index.write(join(folder, 'few.faiss'));
    await using read = await readIndex(join(folder, 'few.faiss'));
    assert.deepEqual([read.factory, read.size, read.idLimit], ['IDMap,Flat', 2, 71]);
    assert.deepEqual(await read.reconstruct(Int32Array.of(3)), rows(1, 2));
  });
}

test('ids that cannot be given are refused by name', async () => {
  await using index = await buildWith('exact', rows(0, 5), dim, 'IDMap,Flat');
  for (const ids of [
    Int32Array.of(1),
    Int32Array.of(1, 1),
    Int32Array.of(-1, 2),
    Int32Array.of(2 ** 31 - 1, 2),
    [1, 2],
  ]) {
    await assert.rejects(index.addWithIds(rows(0, 2), ids as Int32Array), {
      code: 'bad-input',
      where: { field: 'ids' },
    });
  }
  assert.equal(index.size, 5);
});

test(
  'an index that is read with mmap answers the same, and neither changes nor is written',
  skipWithout('faiss'),
  async () => {
    for (const factory of ['IVF4,Flat', 'IVF4,SQ8']) {
      const path = join(folder, 'mapped.faiss');
      await using index = await buildWith(enginesHere[0]!, vectors, dim, factory);
      index.setNprobe(2);
      await index.write(path);
      await using mapped = await readIndex(path, { mmap: true });
      assert.deepEqual(await mapped.search(queries, 20), await index.search(queries, 20));
      assert.deepEqual(
        await found(mapped, 0, 9, { ids: numbers(30, (i) => i) }),
        await found(index, 0, 9, { ids: numbers(30, (i) => i) }),
      );
      assert.deepEqual(await mapped.reconstruct(Int32Array.of(5, 599)), await index.reconstruct(Int32Array.of(5, 599)));
      for (const change of [
        () => mapped.add(rows(0, 1)),
        () => mapped.removeIds(Int32Array.of(1)),
        () => mapped.write(path),
      ]) {
        await assert.rejects(change, { code: 'bad-input', message: /mmap/ });
      }
    }
  },
);

test('single queries that come together get the answers that each gets alone', skipWithout('faiss'), async () => {
  await using index = await buildWith('faiss', vectors, dim, 'IVF4,Flat');
  const ask = (q: number, { k, nprobe }: { k: number; nprobe: number }) => index.search(rows(q, q + 1), k, { nprobe });
  const kinds = [
    { k: 5, nprobe: 1 },
    { k: 5, nprobe: 4 },
    { k: 9, nprobe: 4 },
  ];
  const together = await Promise.all(Array.from({ length: 300 }, (_, q) => ask(q, kinds[q % 3]!)));
  for (let q = 0; q < 300; q += 7) assert.deepEqual(together[q], await ask(q, kinds[q % 3]!));
});
