import { DuetError } from '@duet/base';
import type { Database } from '../database.ts';
import type { Account } from '../generated/client.ts';
import { accountOf, authorOf, changeAccount } from './accounts.ts';
import { hashPassword, isPassword, requireGoodPassword } from './passwords.ts';

/**
 * Who has this e-mail and password, and may come in; undefined otherwise, after the same time.
 *
 * Where `totpSince` is set a code is still wanting: `takeCode`.
 */
export async function accountByPassword(
  { prisma }: Database,
  email: string,
  password: string,
): Promise<Account | undefined> {
  const account = await prisma.account.findUnique({ where: { email: email.trim().toLowerCase() } });
  const right = await isPassword(password, account?.passwordHash ?? null);
  return right && account?.disabledAt === null ? account : undefined;
}

/**
 * Changes one's own password. Other sessions than `session` end.
 *
 * @throws DuetError `unauthorised` where the one of before is wrong; `bad-input` for one that is guessed
 */
export async function changePassword(
  db: Database,
  id: string,
  { before, password, session }: { before: string; password: string; session: string },
  now: Date = new Date(),
): Promise<void> {
  const account = await accountOf(db.prisma, id);
  // Whoever came by a provider and has none yet gives none.
  if (account.passwordHash !== null && !(await isPassword(before, account.passwordHash))) {
    throw new DuetError('unauthorised', 'That is not your password of now.');
  }
  await requireGoodPassword(password, [account.email, account.name]);
  const data = { passwordHash: await hashPassword(password) };
  await changeAccount(db, id, { action: 'password', data, ends: { except: session } }, authorOf(account, now));
}
