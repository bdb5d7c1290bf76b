import type { AdminSession, Database } from '@duet/db';
import type { Session } from '#session.ts';

const minuteMs = 60_000;
/** Sessions that are over are listed for this long. */
const keptMs = 30 * 86_400_000;

/** Writes a log-in down. Those that were over long ago are forgotten. */
export async function beginSession(
  { prisma }: Database,
  { id, name, expiresAt }: Session,
  from: { address: string; browser: string },
): Promise<void> {
  await prisma.adminSession.deleteMany({ where: { expiresAt: { lt: new Date(Date.now() - keptMs) } } });
  await prisma.adminSession.create({ data: { id, name, expiresAt, ...from } });
}

/** Whether a session was begun here and not ended since. */
export async function isOpen({ prisma }: Database, id: string, now: Date = new Date()): Promise<boolean> {
  const session = await prisma.adminSession.findUnique({ where: { id } });
  if (session === null || session.endedAt !== null) return false;
  if (now.getTime() - session.lastSeenAt.getTime() > minuteMs) {
    // A database that takes no writes is no reason to keep somebody out.
    await prisma.adminSession.update({ where: { id }, data: { lastSeenAt: now } }).catch(() => {});
  }
  return true;
}

/** Ends a session, wherever its cookie is. One that has ended stays as it is. */
export async function endSession({ prisma }: Database, id: string, now: Date = new Date()): Promise<void> {
  await prisma.adminSession.updateMany({ where: { id, endedAt: null }, data: { endedAt: now } });
}

/** Every log-in of the last month, the newest first. */
export const listSessions = ({ prisma }: Database): Promise<AdminSession[]> =>
  prisma.adminSession.findMany({ orderBy: { createdAt: 'desc' }, take: 200 });
