import type { HealthAnswer } from '@duet/api/client';
import { attempt } from '#data/problem.ts';
import { database, retrieval } from '#data/services.ts';

/** A dataset's models that have vectors, with their indexes, newest first. */
export async function indexedModels(datasetId: string) {
  const { prisma } = await database();
  return prisma.model.findMany({
    where: { datasetId, dimensions: { gt: 0 } },
    orderBy: { createdAt: 'desc' },
    include: {
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
}

export type IndexedModel = Awaited<ReturnType<typeof indexedModels>>[number];

export type IndexDelta = Pick<HealthAnswer['models'][number]['index'], 'fresh' | 'outdated' | 'waiting'>;

/** What retrieval keeps beside each index that it serves, by the index's id; nothing where it does not answer. */
export const deltasIn = (health: HealthAnswer | undefined): ReadonlyMap<string, IndexDelta> =>
  new Map(health?.models.map(({ index }) => [index.id, index]));

export const indexDeltas = async (): Promise<ReadonlyMap<string, IndexDelta>> =>
  deltasIn((await attempt(async () => (await retrieval()).health())).value);
