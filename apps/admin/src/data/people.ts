import type { AuditLog } from '@duet/db';
import { type ListedAccount, listAccounts, type NewLink, pathOf } from '@duet/db/people';
import { headers } from 'next/headers';
import { notFound } from 'next/navigation';
import { isHttps } from '#session.ts';
import { config, database } from './services.ts';

/** The address that people reach the admin at: as it is set, else as this request came. */
export async function adminAddress(): Promise<string> {
  const { adminUrl } = config();
  if (adminUrl !== undefined) return adminUrl.replace(/\/+$/, '');
  const sent = await headers();
  return `${isHttps(sent) ? 'https' : 'http'}://${sent.get('x-forwarded-host') ?? sent.get('host') ?? ''}`;
}

/** A link as it is given to whom it is for. */
export const addressOf = async (link: NewLink): Promise<string> => `${await adminAddress()}${pathOf(link)}`;

/** One account; there is no such page where it has been removed. */
export async function accountOf(params: Promise<{ id: string }>): Promise<ListedAccount> {
  const { id } = await params;
  const account = (await listAccounts(await database())).find((one) => one.id === id);
  return account ?? notFound();
}

/** The log of changes, the newest first: everybody's, one account's, or whatever was done under a name. */
export async function changesBy(who: { accountId?: string; actor?: string }, skip = 0, take = 50): Promise<AuditLog[]> {
  const { prisma } = await database();
  return prisma.auditLog.findMany({ where: who, orderBy: [{ at: 'desc' }, { id: 'desc' }], skip, take });
}

/** Whoever has changed something, and how much in all. */
export async function actors(): Promise<{ actor: string; changes: number }[]> {
  const { prisma } = await database();
  const groups = await prisma.auditLog.groupBy({ by: ['actor'], _count: true, orderBy: { actor: 'asc' } });
  return groups.map(({ actor, _count }) => ({ actor, changes: _count }));
}
