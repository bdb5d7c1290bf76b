import { type Config, DuetError, readOrMakeSecret } from '@duet/base';
import { z } from 'zod';
import { type Author, writeAudit } from '../audit.ts';
import type { Database } from '../database.ts';
import { type Account, type Prisma, Role } from '../generated/client.ts';
import { hashPassword } from './passwords.ts';

/** Who somebody is, and what they may do. */
export type Person = Pick<Account, 'id' | 'email' | 'name' | 'role'>;

/** As what they are written down who change their own account. */
export const authorOf = ({ id, email }: Pick<Person, 'id' | 'email'>, now?: Date): Author => ({
  ...{ actor: email, accountId: id },
  ...(now && { now }),
});

export const email = z
  .string()
  .trim()
  .toLowerCase()
  .max(254)
  .regex(/^[^\s@]+@[^\s@]+$/, 'Write an e-mail address, such as ann@shop.example.');
export const personName = z.string().trim().min(1, 'Write a name.').max(100, 'A name has at most 100 characters.');
export const role = z.enum(Role, `A role is ${Object.keys(Role).join(', ')}.`);

/** @throws DuetError `bad-input` with the sentence of what is wrong */
export function checked<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw new DuetError('bad-input', parsed.error.issues[0]!.message);
  return parsed.data;
}

export const objectKind = 'account';

/** What the log of changes keeps of an account: nothing that opens it. */
export const audited = ({ email, name, role, disabledAt, totpSince, oidcIssuer }: Account) => ({
  ...{ email, name, role, disabled: disabledAt !== null, secondFactor: totpSince !== null, oidcIssuer },
});

type Transaction = Prisma.TransactionClient;

/** Whoever may log in: with a password, or by a provider. */
const hasJoined = { OR: [{ passwordHash: { not: null } }, { oidcSubject: { not: null } }] };

/** Admins are locked for the transaction, so that two who take each other's role away do so one after the other. */
const lockAdmins = (tx: Transaction) => tx.$queryRaw`SELECT id FROM "Account" WHERE role = 'admin' FOR UPDATE`;

/** @throws DuetError `conflict` where a change has left nobody who may manage people */
async function requireAnAdmin(tx: Transaction): Promise<void> {
  const admins = await tx.account.count({ where: { role: 'admin', disabledAt: null, ...hasJoined } });
  if (admins === 0) {
    throw new DuetError('conflict', 'This is the last admin: nobody could manage people any more.', {
      fix: 'Make somebody else an admin first.',
    });
  }
}

export const endSessionsOf = (tx: Transaction, accountId: string, now: Date, except?: string) =>
  tx.adminSession.updateMany({
    where: { accountId, endedAt: null, ...(except !== undefined && { id: { not: except } }) },
    data: { endedAt: now },
  });

/** @throws DuetError `not-found` */
export async function accountOf(tx: Pick<Transaction, 'account'>, id: string): Promise<Account> {
  const account = z.uuid().safeParse(id).success && (await tx.account.findUnique({ where: { id } }));
  if (!account) throw new DuetError('not-found', 'This account has been removed.');
  return account;
}

interface AccountChange {
  action: string;
  data: Prisma.AccountUpdateInput;
  /** Whether it logs them out: everywhere, or everywhere else than in one session. */
  ends?: 'all' | { except: string };
}

/** Changes an account, in one transaction with its line in the log of changes. */
export async function changeAccount(
  { prisma }: Database,
  id: string,
  { action, data, ends }: AccountChange,
  author: Author,
): Promise<Account> {
  return await prisma.$transaction(async (tx) => {
    await lockAdmins(tx);
    const before = await accountOf(tx, id);
    const after = await tx.account.update({ where: { id }, data });
    if (before.role === 'admin') await requireAnAdmin(tx);
    if (ends !== undefined) {
      await endSessionsOf(tx, id, author.now ?? new Date(), ends === 'all' ? undefined : ends.except);
    }
    const change = { action, objectKind, objectId: id, before: audited(before), after: audited(after) };
    await writeAudit(tx, author, change);
    return after;
  });
}

/** Gives somebody another role. They log in again. @throws DuetError `not-found`; `conflict` for the last admin */
export const changeRole = (db: Database, id: string, to: Role, author: Author = {}): Promise<Account> =>
  changeAccount(db, id, { action: 'role', data: { role: checked(role, to) }, ends: 'all' }, author);

/** Keeps somebody out, or lets them in again. @throws as {@link changeRole} */
export async function disableAccount(db: Database, id: string, disabled: boolean, author: Author = {}): Promise<void> {
  const disabledAt = disabled ? (author.now ?? new Date()) : null;
  const action = disabled ? 'disable' : 'enable';
  await changeAccount(db, id, { action, data: { disabledAt }, ends: 'all' }, author);
}

/** Changes what somebody is called, and what they log in with. @throws DuetError `bad-input`; `conflict` */
export async function renameAccount(
  db: Database,
  id: string,
  to: { email: string; name: string },
  author: Author = {},
): Promise<Account> {
  const data = checked(z.object({ email, name: personName }), to);
  const other = await db.prisma.account.findUnique({ where: { email: data.email } });
  if (other !== null && other.id !== id) throw new DuetError('conflict', `${data.email} is somebody else’s.`);
  return changeAccount(db, id, { action: 'rename', data }, author);
}

/**
 * Removes an account. What it changed stays in the log of changes; the API keys that it made go on, for shops use
 * them, or are revoked with it.
 *
 * @throws as {@link changeRole}
 */
export async function removeAccount(
  { prisma }: Database,
  id: string,
  { revokeKeys }: { revokeKeys: boolean },
  author: Author = {},
): Promise<void> {
  const revokedAt = author.now ?? new Date();
  await prisma.$transaction(async (tx) => {
    await lockAdmins(tx);
    const account = await accountOf(tx, id);
    if (revokeKeys) {
      const keys = await tx.apiKey.findMany({ where: { accountId: id, revokedAt: null }, select: { id: true } });
      await tx.apiKey.updateMany({ where: { accountId: id, revokedAt: null }, data: { revokedAt } });
      const after = { revokedAt: revokedAt.toISOString() };
      for (const key of keys) {
        await writeAudit(tx, author, { action: 'revoke', objectKind: 'api-key', objectId: key.id, before: {}, after });
      }
    }
    await tx.account.delete({ where: { id } });
    if (account.role === 'admin') await requireAnAdmin(tx);
    const change = { action: 'remove', objectKind, objectId: id, before: audited(account), after: null };
    await writeAudit(tx, author, change);
  });
}

/** Somebody as everybody may see them who manages people. */
export interface ListedAccount extends Person {
  state: 'invited' | 'works' | 'disabled';
  secondFactor: boolean;
  /** Whether a provider vouches for them. */
  byOidc: boolean;
  createdAt: Date;
  lastSeenAt: Date | null;
  /** Keys that they made and that work. */
  keys: number;
}

/** Everybody, in the order of their e-mails. */
export async function listAccounts({ prisma }: Database): Promise<ListedAccount[]> {
  const rows = await prisma.account.findMany({
    orderBy: { email: 'asc' },
    include: {
      sessions: { orderBy: { lastSeenAt: 'desc' }, take: 1, select: { lastSeenAt: true } },
      _count: { select: { apiKeys: { where: { revokedAt: null } } } },
    },
  });
  return rows.map(({ id, email, name, role, createdAt, sessions, _count, ...row }) => ({
    ...{ id, email, name, role, createdAt },
    state:
      row.disabledAt !== null
        ? 'disabled'
        : row.passwordHash === null && row.oidcSubject === null
          ? 'invited'
          : 'works',
    secondFactor: row.totpSince !== null,
    byOidc: row.oidcSubject !== null,
    lastSeenAt: sessions[0]?.lastSeenAt ?? null,
    keys: _count.apiKeys,
  }));
}

/** The name of the secret in the data folder that is the first account's password, until it is changed. */
export const firstPassword = 'admin-password';

/**
 * The first account, an admin, where there is none yet: of a new installation, whose password is made, or of one from
 * before there were accounts, whose one password becomes this one's. @returns whether it was made
 */
export async function makeFirstAdmin(
  { prisma }: Database,
  { dataDir, adminEmail, adminPassword }: Pick<Config, 'dataDir' | 'adminEmail' | 'adminPassword'>,
): Promise<boolean> {
  if ((await prisma.account.count()) > 0) return false;
  const password = adminPassword ?? readOrMakeSecret(dataDir, firstPassword);
  const account = { email: checked(email, adminEmail), name: 'Admin', role: 'admin' as const };
  const { count } = await prisma.account.createMany({
    data: [{ ...account, passwordHash: await hashPassword(password) }],
    skipDuplicates: true,
  });
  return count > 0;
}
