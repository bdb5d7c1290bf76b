import { type RejectedRow, rejectedRows } from '@duet/datasets';
import type { Dataset, Prisma } from '@duet/db';
import { notFound } from 'next/navigation';
import { cache } from 'react';
import { config, database } from '#data/services.ts';
import type { ItemSuggestion } from '#item-suggestion.ts';

export async function allDatasets() {
  const { prisma } = await database();
  return prisma.dataset.findMany({
    orderBy: { createdAt: 'desc' },
    include: { _count: { select: { categories: true, models: true } } },
  });
}

export async function findDataset(id: string): Promise<Dataset | null> {
  const { prisma } = await database();
  return prisma.dataset.findUnique({ where: { id } });
}

// A layout and its page ask for the same one.
export const findDatasetNamed = cache(async (name: string): Promise<Dataset | null> => {
  const { prisma } = await database();
  return prisma.dataset.findUnique({ where: { name } });
});

/** The dataset that an address names; an address with no dataset's name in its place does not exist. */
export async function datasetOf(params: Promise<{ dataset: string }>): Promise<Dataset> {
  const { dataset } = await params;
  return (await findDatasetNamed(decodeURIComponent(dataset))) ?? notFound();
}

/** Names of all datasets, and the one that a page without a choice is about: the one that shoppers are served. */
export async function datasetChoice(): Promise<{ names: string[]; preferred: string | undefined }> {
  const { prisma } = await database();
  const [datasets, experiment, index] = await Promise.all([
    prisma.dataset.findMany({ select: { name: true }, orderBy: { createdAt: 'desc' } }),
    prisma.experiment.findFirst({
      where: { status: 'running', simulated: false },
      orderBy: { startedAt: 'desc' },
      select: { dataset: { select: { name: true } } },
    }),
    prisma.index.findFirst({
      where: { active: true },
      orderBy: { model: { createdAt: 'desc' } },
      select: { model: { select: { dataset: { select: { name: true } } } } },
    }),
  ]);
  const preferred = experiment?.dataset.name ?? index?.model.dataset.name ?? datasets[0]?.name;
  return { names: datasets.map(({ name }) => name), preferred };
}

/** A dataset's categories, the largest first. */
export async function categoriesOf(datasetId: string) {
  const { prisma } = await database();
  return prisma.category.findMany({ where: { datasetId }, orderBy: { items: 'desc' } });
}

/** Items with `search` in their title or category, or at the beginning of their id. */
function matching(datasetId: string, search: string): Prisma.ItemWhereInput {
  if (search === '') return { datasetId };
  return {
    datasetId,
    OR: [
      { title: { contains: search, mode: 'insensitive' } },
      { externalId: { startsWith: search, mode: 'insensitive' } },
      { category: { name: { contains: search, mode: 'insensitive' } } },
    ],
  };
}

const byTitle = [{ title: 'asc' }, { externalId: 'asc' }] satisfies Prisma.ItemOrderByWithRelationInput[];

/** The first few items that a search may mean, by title. */
export async function itemsLike(datasetId: string, search: string): Promise<ItemSuggestion[]> {
  const { prisma } = await database();
  const rows = await prisma.item.findMany({
    where: matching(datasetId, search),
    select: { externalId: true, title: true, category: { select: { name: true } } },
    orderBy: byTitle,
    take: 8,
  });
  return rows.map(({ externalId, title, category }) => ({ id: externalId, title, category: category?.name ?? null }));
}

export async function findItem(datasetId: string, externalId: string) {
  const { prisma } = await database();
  return prisma.item.findUnique({
    where: { datasetId_externalId: { datasetId, externalId } },
    include: { category: { select: { name: true } } },
  });
}

export async function titlesOf(datasetId: string, externalIds: string[]): Promise<Map<string, string>> {
  const { prisma } = await database();
  const rows = await prisma.item.findMany({
    where: { datasetId, externalId: { in: externalIds } },
    select: { externalId: true, title: true },
  });
  return new Map(rows.map(({ externalId, title }) => [externalId, title]));
}

/** The first rows that the importer refused. */
export async function firstRejected(datasetId: string, limit: number): Promise<RejectedRow[]> {
  await database();
  const rows: RejectedRow[] = [];
  for await (const row of rejectedRows(config().dataDir, datasetId)) if (rows.push(row) === limit) break;
  return rows;
}
