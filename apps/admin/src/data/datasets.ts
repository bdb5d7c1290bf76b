import { createReadStream, existsSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Prisma } from '@duet/db';
import { config, database } from './services.ts';

export async function allDatasets() {
  const { prisma } = await database();
  return prisma.dataset.findMany({
    orderBy: { createdAt: 'desc' },
    include: { _count: { select: { categories: true, models: true } } },
  });
}

/** The datasets that a model can be trained on. */
export async function readyDatasets() {
  const { prisma } = await database();
  return prisma.dataset.findMany({ where: { status: 'done' }, orderBy: { createdAt: 'desc' } });
}

export async function findDataset(id: string) {
  const { prisma } = await database();
  return prisma.dataset.findUnique({
    where: { id },
    include: { categories: { orderBy: { items: 'desc' } }, _count: { select: { models: true } } },
  });
}

export const cataloguePageSize = 50;

/** One page of a catalogue by title; `search` is part of a title or the beginning of an id. */
export async function catalogue(datasetId: string, search: string, page: number) {
  const { prisma } = await database();
  const where: Prisma.ItemWhereInput = { datasetId };
  if (search !== '') {
    where.OR = [
      { title: { contains: search, mode: 'insensitive' } },
      { externalId: { startsWith: search, mode: 'insensitive' } },
      { category: { name: { contains: search, mode: 'insensitive' } } },
    ];
  }
  const [total, rows] = await Promise.all([
    prisma.item.count({ where }),
    prisma.item.findMany({
      where,
      include: { category: { select: { name: true } } },
      orderBy: [{ title: 'asc' }, { externalId: 'asc' }],
      skip: (page - 1) * cataloguePageSize,
      take: cataloguePageSize,
    }),
  ]);
  return { total, rows };
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

/** The first rows that the importer refused, as it wrote them: objects with file, line, column, reason. */
export async function rejectedRows(datasetId: string, limit: number): Promise<Record<string, unknown>[]> {
  await database();
  const file = path.join(config().dataDir, 'datasets', datasetId, 'rejected.jsonl');
  if (!existsSync(file)) return [];
  const rows: Record<string, unknown>[] = [];
  const stream = createReadStream(file);
  for await (const line of createInterface({ input: stream })) {
    if (line !== '') rows.push(JSON.parse(line) as Record<string, unknown>);
    if (rows.length === limit) break;
  }
  stream.destroy();
  return rows;
}
