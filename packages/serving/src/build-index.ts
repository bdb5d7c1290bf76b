import { randomUUID } from 'node:crypto';
import { chooseIndex } from '@duet/ann';
import { DuetError, type Progress, silent } from '@duet/config';
import { loadInteractions } from '@duet/datasets';
import type { Database } from '@duet/db';
import type { Executor } from '@duet/models';
import { type LoadedModel, openModel } from '@duet/trainer';
import { writeIndexFolder } from './index-folder.ts';

export interface BuildIndexRequest {
  modelId: string;
  /** FAISS index_factory string; by default the one that `chooseIndex` measures to be best. */
  factory?: string;
}

export interface BuiltIndex {
  indexId: string;
  modelId: string;
  factory: string;
  engine: string;
  size: number;
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
 * Builds the index over a model's item vectors, measures it with the model's own user vectors against an exact scan,
 * writes it, and makes it the model's active one. The services pick it up at their next look.
 */
export async function buildModelIndex(
  ctx: { db: Database; dataDir: string; executor: Executor; progress?: Progress },
  { modelId, factory }: BuildIndexRequest,
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
  const queries = await sampleUserVectors(dataDir, row.datasetId, model);

  report(1, `building over ${model.items.length} items`);
  const chosen = await chooseIndex(model.itemVectors, model.dimensions, queries, {
    factory,
    progress: (name) => report(2, `building and measuring ${name}`),
  });
  await using index = chosen.index;

  const { recallAt100, p50Us, p99Us, nprobe, buildMs, bytesPerVector, curve, candidates } = chosen;
  report(3, 'writing');
  const indexId = randomUUID();
  const meta = await writeIndexFolder(dataDir, index, { indexId, modelId, items: model.items });
  await db.prisma.$transaction(async (tx) => {
    // Two builds of one model may end together: the lock makes the later one switch the earlier one off.
    await tx.$queryRaw`SELECT 1 FROM "Model" WHERE "id" = ${modelId}::uuid FOR UPDATE`;
    await tx.index.updateMany({ where: { modelId, active: true }, data: { active: false } });
    await tx.index.create({
      data: {
        id: indexId,
        modelId,
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
  });
  report(4, `${meta.factory}, recall@100 ${recallAt100.toFixed(3)}`);

  const { engine, size, bytes } = meta;
  return { indexId, modelId, factory: meta.factory, engine, size, bytes, recallAt100, p50Us, p99Us, nprobe, buildMs };
}

/** Vectors of every n-th user of the dataset, shape [≤ measuredUsers, dimensions]: spread over all, the same every time. */
async function sampleUserVectors(dataDir: string, datasetId: string, model: LoadedModel): Promise<Float32Array> {
  const { users } = await loadInteractions(dataDir, datasetId);
  const stride = Math.max(1, Math.floor(users.length / measuredUsers));
  const sample = users.filter((_, row) => row % stride === 0).slice(0, measuredUsers);
  return (await model.encodeUsers(sample)).vectors;
}
