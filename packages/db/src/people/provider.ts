import { DuetError } from '@duet/base';
import { writeAudit } from '../audit.ts';
import type { Database } from '../database.ts';
import type { Account, Role } from '../generated/client.ts';
import { audited, authorOf, changeAccount, changeRole, objectKind, type Person } from './accounts.ts';

/** What an OpenID provider says of who logged in there, checked against its keys. */
export interface Vouched {
  issuer: string;
  subject: string;
  /** One that the provider has verified; undefined without. */
  email: string | undefined;
  name: string | undefined;
  /** By its groups; undefined where none of them gives a role. */
  role: Role | undefined;
}

const refuse = (what: string, fix: string): never => {
  throw new DuetError('unauthorised', what, { fix });
};

/** Binds an account to who the provider vouches for: who was invited, or has a password, with that e-mail. */
async function bind(db: Database, account: Account, { issuer, subject }: Vouched): Promise<Account> {
  if (account.oidcSubject !== null && account.oidcIssuer === issuer) {
    refuse(
      `${account.email} is somebody else at the provider.`,
      'Ask an admin to remove the account and invite again.',
    );
  }
  await db.prisma.accountLink.deleteMany({ where: { accountId: account.id } });
  const data = { oidcIssuer: issuer, oidcSubject: subject };
  return changeAccount(db, account.id, { action: 'provider', data }, authorOf(account));
}

async function join({ prisma }: Database, vouched: Vouched & { email: string }): Promise<Account> {
  const { issuer, subject, email, name, role = 'viewer' } = vouched;
  const data = { email, name: name ?? email, role, oidcIssuer: issuer, oidcSubject: subject };
  return await prisma.$transaction(async (tx) => {
    const account = await tx.account.create({ data });
    const change = { action: 'join', objectKind, objectId: account.id, before: null, after: audited(account) };
    await writeAudit(tx, authorOf(account), change);
    return account;
  });
}

/**
 * The account of somebody whom a provider vouches for: the one that came by it before, or has the e-mail, or a new one
 * where the e-mail's domain may join. Where the provider's groups give a role, that is theirs from now on.
 *
 * @param domains whose owners get an account by logging in
 * @throws DuetError `unauthorised` with the reason for who logs in
 */
export async function accountByProvider(db: Database, vouched: Vouched, domains: readonly string[]): Promise<Person> {
  const { issuer: oidcIssuer, subject: oidcSubject, role } = vouched;
  const email = vouched.email?.trim().toLowerCase();
  const known = await db.prisma.account.findUnique({
    where: { oidcIssuer_oidcSubject: { oidcIssuer, oidcSubject } },
  });
  let account = known;
  if (account === null) {
    if (email === undefined) {
      return refuse(
        'The provider vouches for no e-mail of yours.',
        'It has to send "email" and "email_verified": true.',
      );
    }
    const named = await db.prisma.account.findUnique({ where: { email } });
    if (named?.disabledAt != null) return refuse('This account is disabled.', 'Ask an admin.');
    if (named !== null) account = await bind(db, named, vouched);
    else if (domains.includes(email.split('@').at(-1)!)) account = await join(db, { ...vouched, email });
    else return refuse(`Nobody has invited ${email}.`, 'Ask an admin for an invitation.');
  }
  if (account.disabledAt !== null) return refuse('This account is disabled.', 'Ask an admin.');
  if (role === undefined || role === account.role) return account;
  try {
    return await changeRole(db, account.id, role, { actor: `provider:${oidcIssuer}` });
  } catch (error) {
    // The last admin stays one, whatever the provider says: somebody has to let the others in.
    if (error instanceof DuetError && error.code === 'conflict') return account;
    throw error;
  }
}
