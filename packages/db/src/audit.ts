import { isDeepStrictEqual } from 'node:util';
import type { Database } from './database.ts';
import type { AuditLog, Prisma } from './generated/client.ts';

/** Who changes something, and when. */
export interface Author {
  /** An account's e-mail, `cli:<user>`, or the part of Duet that acts by itself: `worker`, `simulator`. */
  actor?: string;
  /** The account, where it is one. */
  accountId?: string;
  now?: Date;
}

/** One change, as it is written down. */
export interface Change {
  action: string;
  objectKind: string;
  objectId: string;
  /** The whole object, plain JSON; null before it was made. Only what differs is kept. */
  before: object | null;
  after: object | null;
  note?: string;
}

/** The fields of plain objects, those of nested ones by their path: `settings.plannedDays`. Lists are one value. */
function fieldsOf(object: object | null, path = ''): Map<string, unknown> {
  const fields = new Map<string, unknown>();
  for (const [key, value] of Object.entries(object ?? {})) {
    const isNested = typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
    if (isNested) for (const [inner, nested] of fieldsOf(value, `${path}${key}.`)) fields.set(inner, nested);
    else if (value !== undefined) fields.set(`${path}${key}`, value);
  }
  return fields;
}

/** What differs between two objects, by field: as it was, and as it is. */
export function differenceOf(before: object | null, after: object | null): [was: object, is: object] {
  const [old, young] = [fieldsOf(before), fieldsOf(after)];
  const changed = [...new Set([...old.keys(), ...young.keys()])].filter(
    (field) => !isDeepStrictEqual(old.get(field), young.get(field)),
  );
  const of = (fields: Map<string, unknown>) =>
    Object.fromEntries(changed.flatMap((field) => (fields.has(field) ? [[field, fields.get(field)]] : [])));
  return [of(old), of(young)];
}

/** Writes a change down, in the transaction that makes it. */
export async function writeAudit(
  tx: Pick<Prisma.TransactionClient, 'auditLog'>,
  { actor = 'duet', accountId, now = new Date() }: Author,
  { before, after, ...change }: Change,
): Promise<void> {
  const [was, is] = differenceOf(before, after);
  await tx.auditLog.create({
    data: {
      ...change,
      actor,
      accountId: accountId ?? null,
      at: now,
      ...(before && { before: was }),
      ...(after && { after: is }),
    },
  });
}

/** What happened to one object, the newest first. */
export function auditTrail(
  { prisma }: Database,
  objectKind: string,
  objectId: string,
  { limit = 200 }: { limit?: number } = {},
): Promise<AuditLog[]> {
  return prisma.auditLog.findMany({
    where: { objectKind, objectId },
    orderBy: [{ at: 'desc' }, { id: 'desc' }],
    take: limit,
  });
}
