import { createHash, randomBytes } from 'node:crypto';
import { DuetError } from '@duet/base';
import { Secret, TOTP } from 'otpauth';
import type { Author } from '../audit.ts';
import type { Database } from '../database.ts';
import { accountOf, authorOf, changeAccount } from './accounts.ts';
import { seal, unseal } from './sealing.ts';

// Codes by RFC 6238 as every authenticator makes them: SHA-1, six digits, 30 seconds.

const periodSeconds = 30;
const totpOf = (secret: Secret, label: string) => new TOTP({ issuer: 'Duet', label, secret, period: periodSeconds });

/**
 * A secret for an authenticator. Codes are asked for only once one of it has been given.
 *
 * @param key what secrets are sealed with
 * @returns the secret in base32, and the address that an authenticator reads from a QR code
 */
export async function beginSecondFactor(
  { prisma }: Database,
  id: string,
  key: string,
): Promise<{ secret: string; uri: string }> {
  const account = await accountOf(prisma, id);
  if (account.totpSince !== null) throw new DuetError('conflict', 'There is a second factor already.');
  const secret = new Secret({ size: 20 });
  await prisma.account.update({ where: { id }, data: { totpSecret: seal(secret.base32, key), totpStep: null } });
  return { secret: secret.base32, uri: totpOf(secret, account.email).toString() };
}

/** The step of a code that is right now, or was a step ago, or will be in one; undefined for a wrong one. */
function stepOf(code: string, sealed: string | null, key: string, now: Date): number | undefined {
  const digits = code.replaceAll(/\s/g, '');
  if (sealed === null || !/^\d{6}$/.test(digits)) return undefined;
  const totp = totpOf(Secret.fromBase32(unseal(sealed, key)), '');
  const delta = totp.validate({ token: digits, timestamp: now.getTime(), window: 1 });
  return delta === null ? undefined : Math.floor(now.getTime() / 1000 / periodSeconds) + delta;
}

const codes = 10;
const alphabet = 'abcdefghjkmnpqrstuvwxyz23456789';
const plain = (code: string) => code.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
const digest = (code: string): string => createHash('sha256').update(plain(code)).digest('hex');

/** A code of 79 random bits: xxxx-xxxx-xxxx-xxxx. */
function recoveryCode(): string {
  const letters: string[] = [];
  while (letters.length < 16) {
    // A byte beyond the last whole run of the alphabet would favour its beginning.
    for (const byte of randomBytes(32)) if (byte < 248) letters.push(alphabet[byte % alphabet.length]!);
  }
  return letters
    .slice(0, 16)
    .join('')
    .replaceAll(/(.{4})(?!$)/g, '$1-');
}

/** New recovery codes, each good for one log-in; told this once. Those before work no longer. */
export async function renewRecoveryCodes(db: Database, id: string, author: Author): Promise<string[]> {
  const fresh = Array.from({ length: codes }, recoveryCode);
  const data = { recoveryHashes: fresh.map(digest) };
  await changeAccount(db, id, { action: 'recovery-codes', data }, author);
  return fresh;
}

/**
 * Turns the second factor on, by a code that shows that the authenticator has the secret.
 *
 * @returns recovery codes, told this once
 * @throws DuetError `unauthorised` for a wrong code
 */
export async function confirmSecondFactor(
  db: Database,
  id: string,
  { code, key }: { code: string; key: string },
  author: Author,
): Promise<string[]> {
  const account = await accountOf(db.prisma, id);
  const now = author.now ?? new Date();
  const totpStep = stepOf(code, account.totpSecret, key, now);
  if (totpStep === undefined || account.totpSince !== null) {
    throw new DuetError('unauthorised', 'That is not the code.', {
      fix: 'Type the six digits that the app shows now; the clocks of phone and server must agree.',
    });
  }
  await changeAccount(db, id, { action: 'second-factor', data: { totpSince: now, totpStep } }, author);
  return renewRecoveryCodes(db, id, author);
}

/** Turns the second factor off. Whoever is logged in as them is logged out, but for one session. */
export async function endSecondFactor(db: Database, id: string, author: Author, except?: string): Promise<void> {
  const data = { totpSecret: null, totpSince: null, totpStep: null, recoveryHashes: [] };
  const ends = except === undefined ? ('all' as const) : { except };
  await changeAccount(db, id, { action: 'second-factor', data, ends }, author);
}

/** Whether a code of the authenticator, or a recovery code, is right. Each is taken once. */
export async function takeCode(
  db: Database,
  id: string,
  { code, key }: { code: string; key: string },
  now: Date = new Date(),
): Promise<boolean> {
  const account = await accountOf(db.prisma, id);
  if (account.totpSince === null) return false;
  const step = stepOf(code, account.totpSecret, key, now);
  if (step !== undefined) {
    const unused = { OR: [{ totpStep: null }, { totpStep: { lt: step } }] };
    const { count } = await db.prisma.account.updateMany({ where: { id, ...unused }, data: { totpStep: step } });
    return count === 1;
  }
  const hash = digest(code);
  const { rowCount } = await db.pool.query(
    'UPDATE "Account" SET "recoveryHashes" = array_remove("recoveryHashes", $2) WHERE id = $1 AND $2 = ANY("recoveryHashes")',
    [id, hash],
  );
  if (rowCount !== 1) return false;
  await changeAccount(db, id, { action: 'recovery-code-used', data: {} }, authorOf(account, now));
  return true;
}
