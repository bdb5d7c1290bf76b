import { createHash, randomBytes } from 'node:crypto';
import { DuetError } from '@duet/base';
import { z } from 'zod';
import { type Author, writeAudit } from '../audit.ts';
import type { Database } from '../database.ts';
import type { Account, AccountLinkKind, Role } from '../generated/client.ts';
import {
  accountOf,
  audited,
  authorOf,
  checked,
  email,
  endSessionsOf,
  objectKind,
  type Person,
  personName,
  role,
} from './accounts.ts';
import { hashPassword, requireGoodPassword } from './passwords.ts';

const dayMs = 86_400_000;
const lifetimeMs: Record<AccountLinkKind, number> = { invitation: 7 * dayMs, reset: dayMs };

/** A link as it is told, once: the database keeps a SHA-256 of its token. */
export interface NewLink {
  accountId: string;
  kind: AccountLinkKind;
  token: string;
  expiresAt: Date;
}

/** The path of a link within the admin. */
export const pathOf = ({ kind, token }: Pick<NewLink, 'kind' | 'token'>): string => `/${kind}/${token}`;

const digest = (token: string): string => createHash('sha256').update(token).digest('hex');

type Links = Parameters<Parameters<Database['prisma']['$transaction']>[0]>[0];

/** A new link of an account. The one before it works no longer. */
async function makeLink(tx: Links, accountId: string, kind: AccountLinkKind, now: Date): Promise<NewLink> {
  const token = randomBytes(24).toString('base64url');
  const expiresAt = new Date(now.getTime() + lifetimeMs[kind]);
  await tx.accountLink.deleteMany({ where: { accountId } });
  await tx.accountLink.create({ data: { accountId, kind, tokenHash: digest(token), createdAt: now, expiresAt } });
  return { accountId, kind, token, expiresAt };
}

const invitation = z.object({ email, name: personName, role });

/**
 * Invites somebody: an account without a password, and a link with which they choose one. Inviting again who has not
 * come yet makes another link.
 *
 * @throws DuetError `bad-input`; `conflict` where they have an account
 */
export async function invite(
  { prisma }: Database,
  asked: { email: string; name: string; role: Role },
  author: Author = {},
): Promise<NewLink> {
  const invited = checked(invitation, asked);
  return await prisma.$transaction(async (tx) => {
    const known = await tx.account.findUnique({ where: { email: invited.email } });
    if (known !== null && (known.passwordHash !== null || known.oidcSubject !== null)) {
      throw new DuetError('conflict', `${invited.email} has an account already.`);
    }
    const account =
      known === null
        ? await tx.account.create({ data: invited })
        : await tx.account.update({ where: { id: known.id }, data: invited });
    const before = known && audited(known);
    const change = { action: 'invite', objectKind, objectId: account.id, before, after: audited(account) };
    await writeAudit(tx, author, change);
    return makeLink(tx, account.id, 'invitation', author.now ?? new Date());
  });
}

/**
 * A link with which somebody chooses a new password, or who was invited their first. The password of now works until
 * then.
 *
 * @throws DuetError `not-found`
 */
export async function resetLink({ prisma }: Database, id: string, author: Author = {}): Promise<NewLink> {
  return await prisma.$transaction(async (tx) => {
    const account = await accountOf(tx, id);
    const joined = account.passwordHash !== null || account.oidcSubject !== null;
    await writeAudit(tx, author, { action: 'reset', objectKind, objectId: id, before: {}, after: {} });
    return makeLink(tx, id, joined ? 'reset' : 'invitation', author.now ?? new Date());
  });
}

/** Whose link a token is of; undefined for one that was used, replaced, expired or made up. */
export async function linkOf(
  { prisma }: Pick<Database, 'prisma'>,
  kind: AccountLinkKind,
  token: string,
  now: Date = new Date(),
): Promise<Account | undefined> {
  const link = await prisma.accountLink.findUnique({
    where: { tokenHash: digest(token), kind, expiresAt: { gt: now }, account: { disabledAt: null } },
    include: { account: true },
  });
  return link?.account;
}

/**
 * Sets the password by a link, which is used up, and ends all sessions.
 *
 * @throws DuetError `not-found` for a link that works no longer; `bad-input` for a password that is guessed
 */
export async function followLink(
  db: Database,
  kind: AccountLinkKind,
  token: string,
  { name, password }: { name?: string | undefined; password: string },
  now: Date = new Date(),
): Promise<Person> {
  const found = await linkOf(db, kind, token, now);
  const gone = new DuetError('not-found', 'This link works no longer.', { fix: 'Ask an admin for another one.' });
  if (found === undefined) throw gone;
  const called = name === undefined ? found.name : checked(personName, name);
  await requireGoodPassword(password, [found.email, called]);
  const passwordHash = await hashPassword(password);
  return await db.prisma.$transaction(async (tx) => {
    const { count } = await tx.accountLink.deleteMany({ where: { tokenHash: digest(token) } });
    if (count === 0) throw gone;
    const after = await tx.account.update({ where: { id: found.id }, data: { name: called, passwordHash } });
    await endSessionsOf(tx, found.id, now);
    const change = { objectKind, objectId: found.id, before: audited(found), after: audited(after) };
    await writeAudit(tx, authorOf(found, now), { action: kind === 'invitation' ? 'join' : 'password', ...change });
    return after;
  });
}
