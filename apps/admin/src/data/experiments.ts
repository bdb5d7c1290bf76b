import { database } from './services.ts';

export async function allExperiments() {
  const { prisma } = await database();
  return prisma.experiment.findMany({
    orderBy: [{ createdAt: 'desc' }],
    include: { dataset: { select: { name: true } }, arms: { orderBy: { position: 'asc' } } },
  });
}

export async function findExperiment(id: string) {
  const { prisma } = await database();
  return prisma.experiment.findUnique({
    where: { id },
    include: {
      dataset: { select: { name: true } },
      arms: { orderBy: { position: 'asc' }, include: { model: { select: { name: true, kind: true } } } },
    },
  });
}
