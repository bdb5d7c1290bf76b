import { config, openedDatabase } from './services.ts';

const published = 'admin@localhost';

/**
 * What the log-in page may tell everybody: how to come in for the first time, while there is the one account alone that
 * every installation begins with.
 */
export async function firstSteps(): Promise<{ email: string; isNew: boolean }> {
  const { adminEmail } = config();
  if (adminEmail !== published) return { email: '', isNew: false };
  try {
    const { prisma } = await openedDatabase();
    const accounts = await prisma.account.findMany({ select: { email: true }, take: 2 });
    return { email: published, isNew: accounts.every(({ email }) => email === published) };
  } catch {
    // The log-in itself says that the database is away.
    return { email: published, isNew: false };
  }
}
