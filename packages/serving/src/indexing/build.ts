import { chooseIndex } from '@duet/ann';
import { type LoadedModel, openModel } from '@duet/artifact';
import { DuetError, type Progress, silent } from '@duet/base';
import { loadInteractions } from '@duet/datasets';
import type { Database } from '@duet/db';
import type { Executor } from '@duet/models';
import { LiveCatalogue } from '../catalogue/catalogue.ts';
import { writeIndexFolder } from './index-folder.ts';
import { pruneIndexes, switchTo } from './versions.ts';

export interface BuildIndexRequest {
  modelId: string;
  /** FAISS index_factory string; by default the one that `chooseIndex` measures to be best. */
  factory?: string | undefined;
}

export interface BuiltIndex {
  indexId: string;
  modelId: string;
  /** Counts the model's indexes from 1. */
  version: number;
  factory: string;
  engine: string;
  size: number;
  /** Items that came after the training, with vectors of what is known of them. */
  added: number;
  /** Items that are not shown any more, which the index leaves out. */
  withdrawn: number;
  bytes: number;
  recallAt100: number;
  p50Us: number;
  p99Us: number;
  nprobe: number | undefined;
  buildMs: number;
}

/** Users whose vectors the index is measured with. */
const measuredUsers = 200;

/**
 * Builds the index over a model's item vectors as the catalogue has the items now, measures it with the model's own
 * user vectors against an exact scan, writes it, and makes it the model's active one. The services pick it up at their
 * next look.
 *
 * @param keep newest indexes of the model that stay
 */
export async function buildHere(
  ctx: { db: Database; dataDir: string; executor: Executor; progress?: Progress; keep: number },
  { modelId, factory, indexId }: BuildIndexRequest & { indexId: string },
): Promise<BuiltIndex> {
  const { db, dataDir, progress = silent } = ctx;
  const row = await db.prisma.model.findUnique({ where: { id: modelId } });
  if (row === null) {
    throw new DuetError('not-found', `there is no model ${modelId}.`, { fix: 'npx duet models lists them.' });
  }
  const step = `index ${row.name}`;
  const report = (done: number, note: string) => progress({ step, done, total: 4, unit: 'steps', note });

  report(0, 'loading the model');
  await using model = await openModel(dataDir, modelId, ctx.executor);
  const { users, items: imported } = await loadInteractions(ctx, row.datasetId);
  const catalogue = await LiveCatalogue.open(db, row.datasetId, imported);
  const queries = await sampleUserVectors(users, model);
  const { vectors, withdrawn, added, encoded } = await itemVectors(model, catalogue);

  report(1, `building over ${vectors.length / model.dimensions} items`);
  const chosen = await chooseIndex(vectors, model.dimensions, queries, {
    factory,
    progress: (name) => report(2, `building and measuring ${name}`),
  });
  await using index = chosen.index;

  const { recallAt100, p50Us, p99Us, nprobe, buildMs, bytesPerVector, curve, candidates } = chosen;
  report(3, 'writing');
  const about = { indexId, modelId, items: model.items, withdrawn, added, encoded, catalogueSeen: catalogue.seen.text };
  const meta = await writeIndexFolder(dataDir, index, about);
  const version = await switchTo(db, modelId, async (tx) => {
    const { _max } = await tx.index.aggregate({ where: { modelId }, _max: { version: true } });
    const next = (_max.version ?? 0) + 1;
    await tx.index.create({
      data: {
        id: indexId,
        modelId,
        version: next,
        factory: meta.factory,
        engine: meta.engine,
        dimensions: meta.dimensions,
        size: meta.size,
        bytes: BigInt(meta.bytes),
        bytesPerVector,
        nprobe: nprobe ?? null,
        buildMs,
        recallAt100,
        p50Us,
        p99Us,
        curve: curve as object[],
        reason: chosen.reason,
        candidates: candidates.map(({ curve: _, ...candidate }) => candidate),
        active: true,
      },
    });
    return next;
  });
  await pruneIndexes(db, dataDir, modelId, ctx.keep);
  report(4, `${meta.factory}, recall@100 ${recallAt100.toFixed(3)}`);

  const { engine, size, bytes } = meta;
  return {
    indexId,
    modelId,
    version,
    factory: meta.factory,
    engine,
    size,
    added: added.length,
    withdrawn: withdrawn.length,
    bytes,
    recallAt100,
    p50Us,
    p99Us,
    nprobe,
    buildMs,
  };
}

/**
 * The vectors to index, [items, dimensions]: the model's own of its items, but for those withdrawn and those that are
 * described otherwise than in training, whose vector is made anew; then those of items that were added since.
 */
async function itemVectors(model: LoadedModel, catalogue: LiveCatalogue) {
  const { dimensions: dim, itemTower, items } = model;
  const rows = items.map((item) => catalogue.rowOf.get(item)!);
  const indexed = Array.from(items.keys()).filter((i) => catalogue.withdrawn[rows[i]!] === 0);
  const withdrawn = items.filter((_, i) => catalogue.withdrawn[rows[i]!] === 1);
  const known = new Set(items);
  const isNew = (id: string, row: number) => !known.has(id) && catalogue.withdrawn[row] === 0;
  const added = itemTower === undefined ? [] : catalogue.ids.filter(isNew);
  if (indexed.length + added.length === 0) {
    throw new DuetError('conflict', 'Every item of the catalogue is withdrawn, so there is nothing to index.');
  }
  const vectors = new Float32Array((indexed.length + added.length) * dim);
  const toEncode: { place: number; row: number }[] = added.map((id, i) => ({
    place: indexed.length + i,
    row: catalogue.rowOf.get(id)!,
  }));
  const encoded: string[] = [];
  indexed.forEach((i, place) => {
    vectors.set(model.itemVectors.subarray(i * dim, (i + 1) * dim), place * dim);
    if (!itemTower?.differs(catalogue.describe(rows[i]!))) return;
    encoded.push(items[i]!);
    toEncode.push({ place, row: rows[i]! });
  });
  if (toEncode.length > 0) {
    const made = await itemTower!.encode(toEncode.map(({ row }) => catalogue.describe(row)));
    toEncode.forEach(({ place }, i) => {
      vectors.set(made.subarray(i * dim, (i + 1) * dim), place * dim);
    });
  }
  return { vectors, withdrawn, added, encoded };
}

/**
 * Vectors of every n-th user of the dataset, shape [≤ measuredUsers, dimensions]: spread over all, the same every time.
 */
async function sampleUserVectors(users: readonly string[], model: LoadedModel): Promise<Float32Array> {
  const stride = Math.max(1, Math.floor(users.length / measuredUsers));
  const sample = users.filter((_, row) => row % stride === 0).slice(0, measuredUsers);
  return (await model.encodeUsers(sample)).vectors;
}
