import { type ListedApiKey, listApiKeys } from '@duet/db';
import { database } from './services.ts';

/** Every API key, those that work first, the newest first among them. */
export async function apiKeys(): Promise<ListedApiKey[]> {
  const keys = await listApiKeys(await database());
  return keys.sort((a, b) => Number(a.revokedAt !== null) - Number(b.revokedAt !== null));
}

/** The datasets that a key may belong to, the newest first: it is most likely meant. */
export async function keyDatasets(): Promise<{ id: string; name: string }[]> {
  const { prisma } = await database();
  return prisma.dataset.findMany({ select: { id: true, name: true }, orderBy: { createdAt: 'desc' } });
}
