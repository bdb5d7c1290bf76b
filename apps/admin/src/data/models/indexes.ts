import type { HealthAnswer } from '@duet/client';
import { attempt } from '#data/problem.ts';
import { database, retrieval } from '#data/services.ts';
import { modelTitle } from './model-title.ts';
import { measuredTwins } from './models.ts';

/** A dataset's models that have vectors, with their indexes, newest first. */
export async function indexedModels(datasetId: string) {
  const { prisma } = await database();
  const models = await prisma.model.findMany({
    where: { datasetId, dimensions: { gt: 0 }, id: { notIn: await measuredTwins(datasetId) } },
    orderBy: { createdAt: 'desc' },
    include: {
      championOf: { select: { id: true } },
      arms: {
        where: { experiment: { status: 'running' }, weight: { gt: 0 } },
        select: { experiment: { select: { id: true, name: true } } },
      },
      indexes: {
        orderBy: [{ active: 'desc' }, { createdAt: 'desc' }],
        include: { _count: { select: { arms: true } } },
      },
    },
  });
  return models.map((model) => ({ ...model, name: modelTitle(model) }));
}

export type IndexedModel = Awaited<ReturnType<typeof indexedModels>>[number];

export type IndexDelta = Pick<HealthAnswer['models'][number]['index'], 'fresh' | 'outdated' | 'waiting'>;

/** What retrieval keeps beside each index that it serves, by the index's id; nothing where it does not answer. */
export const deltasIn = (health: HealthAnswer | undefined): ReadonlyMap<string, IndexDelta> =>
  new Map(health?.models.map(({ index }) => [index.id, index]));

export const indexDeltas = async (): Promise<ReadonlyMap<string, IndexDelta>> =>
  deltasIn((await attempt(async () => (await retrieval()).health())).value);
