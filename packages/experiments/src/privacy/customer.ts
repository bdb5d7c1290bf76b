import { rowsOfUser, type UserRows } from '@duet/datasets';
import { type Author, type Database, fingerprintOf, type Person, writeAudit } from '@duet/db';
import { exportPerson, type PersonsRows } from './user-data.ts';

/** All that is kept of a customer. */
export interface CustomerData extends PersonsRows {
  userId: string;
  /** What was imported, folded or sent by the shop's server. */
  imported: UserRows;
}

/** All that is kept of a customer, as article 15 of the GDPR asks for it. It is written down who asked. */
export async function exportCustomer(
  ctx: { db: Database; dataDir: string },
  person: Person,
  author: Author,
): Promise<CustomerData> {
  const imported = await rowsOfUser(ctx, person.datasetId, person.userId);
  const rows = await exportPerson(ctx.db, person);
  const auditEntry = { action: 'export user', objectKind: 'user', objectId: fingerprintOf(person) };
  await writeAudit(ctx.db.prisma, author, { ...auditEntry, before: null, after: null });
  return { userId: person.userId, imported, ...rows };
}
