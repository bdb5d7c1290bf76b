import { database } from './services.ts';

/** Models that have vectors, with their indexes, newest first. */
export async function indexedModels() {
  const { prisma } = await database();
  return prisma.model.findMany({
    where: { dimensions: { gt: 0 } },
    orderBy: { createdAt: 'desc' },
    include: {
      dataset: { select: { name: true } },
      indexes: {
        orderBy: [{ active: 'desc' }, { createdAt: 'desc' }],
        include: { _count: { select: { arms: true } } },
      },
    },
  });
}
