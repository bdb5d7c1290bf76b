import { importResources, uploadedFiles } from '@duet/datasets';
import type { ImportRun } from '@duet/db';
import { config, database } from '#data/services.ts';

/** What reading uploaded files takes. */
export function importContext() {
  const services = config();
  return { dataDir: services.dataDir, imports: importResources(services) };
}

export type FoundRun = ImportRun & { dataset: { id: string; name: string } | null };

export async function findImport(id: string): Promise<FoundRun | null> {
  const { prisma } = await database();
  return prisma.importRun.findUnique({ where: { id }, include: { dataset: { select: { id: true, name: true } } } });
}

/** Imports that somebody has begun and that are not done, the newest first, with the names of their files. */
export async function openImports() {
  const { prisma } = await database();
  const runs = await prisma.importRun.findMany({
    where: { status: { not: 'done' } },
    orderBy: { createdAt: 'desc' },
    take: 20,
  });
  const { dataDir } = config();
  return Promise.all(
    runs.map(async ({ id, status, createdAt, error }) => {
      const files = await uploadedFiles(dataDir, id);
      return { id, status, createdAt, error, files: files.map(({ name }) => name) };
    }),
  );
}
