import type { Database } from '../database.ts';
import type { AdminSession } from '../generated/client.ts';
import type { Person } from './accounts.ts';

const minuteMs = 60_000;
/** Sessions that are over are listed for this long. */
const keptMs = 30 * 86_400_000;

export interface NewSession {
  id: string;
  accountId: string;
  expiresAt: Date;
  address: string;
  browser: string;
}

/** Writes a log-in down. Those that were over long ago are forgotten. */
export async function beginSession({ prisma }: Database, session: NewSession, now: Date = new Date()): Promise<void> {
  await prisma.adminSession.deleteMany({ where: { expiresAt: { lt: new Date(now.getTime() - keptMs) } } });
  await prisma.adminSession.create({ data: session });
}

/** Whose session it is, where it was begun here, has not ended since, and is of somebody who may still come in. */
export async function personOf({ prisma }: Database, id: string, now: Date = new Date()): Promise<Person | undefined> {
  const session = await prisma.adminSession.findUnique({
    where: { id, endedAt: null, expiresAt: { gt: now }, account: { disabledAt: null } },
    include: { account: { select: { id: true, email: true, name: true, role: true } } },
  });
  if (session === null) return undefined;
  if (now.getTime() - session.lastSeenAt.getTime() > minuteMs) {
    // A database that takes no writes is no reason to keep somebody out.
    await prisma.adminSession.update({ where: { id }, data: { lastSeenAt: now } }).catch(() => {});
  }
  return session.account;
}

/** Ends a session, of one account where it is named. One that has ended stays as it is. */
export async function endSession(
  { prisma }: Database,
  id: string,
  { accountId, now = new Date() }: { accountId?: string; now?: Date } = {},
): Promise<void> {
  const where = { id, endedAt: null, ...(accountId !== undefined && { accountId }) };
  await prisma.adminSession.updateMany({ where, data: { endedAt: now } });
}

export type ListedSession = AdminSession & { account: { email: string; name: string } };

/** Log-ins of the last month, the newest first: everybody's, or one account's. */
export const listSessions = ({ prisma }: Database, accountId?: string): Promise<ListedSession[]> =>
  prisma.adminSession.findMany({
    ...(accountId !== undefined && { where: { accountId } }),
    include: { account: { select: { email: true, name: true } } },
    orderBy: { createdAt: 'desc' },
    take: 200,
  });
