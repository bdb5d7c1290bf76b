import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { chooseIndex, type VectorIndex } from '@duet/ann';
import type { Database } from '@duet/db';
import { createTestDatabase } from '@duet/db/testing';
import { normal, seededRng } from '@duet/random';
import { FilterBitmaps } from './catalogue/bitmaps.ts';
import { LiveCatalogue } from './catalogue/catalogue.ts';
import { Delta } from './catalogue/delta.ts';
import { type Filter, passes } from './catalogue/filter.ts';
import { searchVisible } from './search.ts';

const items = 30_000;
const dim = 16;
const queries = 20;

describe('a filtered search in FAISS', () => {
  let db: Database;
  let catalogue: LiveCatalogue;
  let index: VectorIndex;
  let delta: Delta;
  let bitmaps: FilterBitmaps;
  const rng = seededRng(5);
  const clusters = Float32Array.from({ length: 200 * dim }, () => normal(rng));
  const near = (cluster: number, spread: number) =>
    Array.from({ length: dim }, (_, d) => clusters[cluster * dim + d]! + spread * normal(rng));
  const vectors = new Float32Array(items * dim);
  const asked = Array.from({ length: queries }, () => near(Math.floor(rng() * 200), 0.5)).flat();
  // Shares of the catalogue that pass `{ tag: [share] }`; items of one cluster tend to have it together, as in a shop.
  const shares = { half: 0.5, tenth: 0.1, hundredth: 0.01, thousandth: 0.001 };

  before(async () => {
    db = await createTestDatabase();
    const { id: datasetId } = await db.prisma.dataset.create({ data: { name: 'big', settings: {} } });
    const ids: string[] = [];
    const attributes: string[] = [];
    for (let i = 0; i < items; i++) {
      const cluster = Math.floor(rng() * 200);
      vectors.set(near(cluster, 0.6), i * dim);
      ids.push(`i${i}`);
      const luck = cluster < 20 ? 3 : 1;
      const tags = Object.entries(shares).flatMap(([tag, share]) => (rng() < share * luck ? [tag] : []));
      attributes.push(JSON.stringify({ tags }));
    }
    await db.pool.query(
      `INSERT INTO "Item" (id, "datasetId", "externalId", attributes)
       SELECT gen_random_uuid(), $1, i.* FROM unnest($2::text[], $3::jsonb[]) AS i`,
      [datasetId, ids, attributes],
    );
    catalogue = await LiveCatalogue.open(db, datasetId, ids);
    const chosen = await chooseIndex(vectors, dim, Float32Array.from(asked), { factory: 'IVF128,Flat' });
    index = chosen.index;
    const catalogueRow = Int32Array.from({ length: items }, (_, row) => row);
    bitmaps = new FilterBitmaps(catalogue, catalogueRow);
    const model = { dimensions: dim, itemVectors: vectors, itemTower: undefined };
    const indexed = { rowOf: catalogueRow, encoded: new Set<string>(), built: catalogue.seen };
    delta = await Delta.open(model, new Map(ids.map((id, row) => [id, row])), catalogue, bitmaps, indexed);
  });
  after(async () => {
    await delta[Symbol.asyncDispose]();
    await index[Symbol.asyncDispose]();
    await db[Symbol.asyncDispose]();
  });

  const search = (query: Float32Array, k: number, visible: { filter?: Filter; hidden?: ReadonlySet<number> }) => {
    const rows = Int32Array.from({ length: items }, (_, row) => row);
    const retriever = { index, catalogue, catalogueRow: rows, rowOf: rows, bitmaps, delta, nprobe: index.nprobe };
    return searchVisible(retriever, query, k, { hidden: new Set(), ...visible });
  };

  /** The k best of all rows that may be found, by every inner product. */
  const exactly = (query: Float32Array, k: number, may: (row: number) => boolean): number[] => {
    const scores = Float64Array.from({ length: items }, (_, row) =>
      query.reduce((sum, x, d) => sum + x * vectors[row * dim + d]!, 0),
    );
    return Array.from(scores.keys())
      .filter(may)
      .sort((a, b) => scores[b]! - scores[a]!)
      .slice(0, k);
  };

  const recallOf = async (
    visible: { filter?: Filter; hidden?: ReadonlySet<number> },
    may: (row: number) => boolean,
  ) => {
    let found = 0;
    let expected = 0;
    for (let q = 0; q < queries; q++) {
      const query = Float32Array.from(asked.slice(q * dim, (q + 1) * dim));
      const exact = exactly(query, 100, may);
      const answer = await search(query, 100, visible);
      assert.ok(
        answer.every(({ item }) => may(item)),
        'an item that must not be found was',
      );
      assert.equal(answer.length, exact.length);
      const items = new Set(answer.map(({ item }) => item));
      expected += exact.length;
      found += exact.filter((item) => items.has(item)).length;
    }
    return found / expected;
  };

  for (const tag of Object.keys(shares)) {
    test(`never answers with an item that does not pass, and finds 95 % of the best where a ${tag} does`, async () => {
      const filter = { tag: [tag] };
      const recall = await recallOf({ filter }, passes(filter, catalogue));
      assert.ok(recall >= 0.95, `recall@100 ${recall}`);
    });
  }

  for (const seen of [50, 5_000]) {
    test(`loses nothing to ${seen} items that the user has seen, with and without a filter`, async () => {
      // The worst case: what was seen is what would be found.
      const query = Float32Array.from(asked.slice(0, dim));
      const hidden = new Set(exactly(query, seen, () => true));
      const unseen = (row: number) => !hidden.has(row);
      assert.ok((await recallOf({ hidden }, unseen)) >= 0.95);
      const filter = { tag: ['tenth'] };
      const pass = passes(filter, catalogue);
      assert.ok((await recallOf({ hidden, filter }, (row) => unseen(row) && pass(row))) >= 0.95);
    });
  }
});
