import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** How long a log-in lasts. */
export const sessionSeconds = 12 * 60 * 60;

export const sessionCookie = 'duet_admin';

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Whether the two are the same, in a time that does not depend on where they differ. */
export const samePassword = (given: string, expected: string): boolean =>
  timingSafeEqual(digest(given), digest(expected));

/** The signature depends on the password too, so that changing it logs everybody out. */
const sign = (claims: string, secret: string, password: string): string =>
  createHmac('sha256', secret).update(`${claims}.`).update(digest(password)).digest('base64url');

const parts = (token: string | undefined) => {
  const [, expires, name, signature] = /^(\d{1,12})\.([\w-]*)\.([\w-]{43})$/.exec(token ?? '') ?? [];
  return { expires, name, signature };
};

/**
 * A session token: the time it ends at (Unix seconds), who has it, and the signature over both.
 * @param now Unix milliseconds
 */
export function issueSession(secret: string, password: string, name: string, now: number): string {
  const expires = String(Math.floor(now / 1000) + sessionSeconds);
  const claims = `${expires}.${Buffer.from(name).toString('base64url')}`;
  return `${claims}.${sign(claims, secret, password)}`;
}

/** Whether the token was issued with this secret and password and has not ended by `now` (Unix milliseconds). */
export function validSession(token: string | undefined, secret: string, password: string, now: number): boolean {
  const { expires, name, signature } = parts(token);
  if (expires === undefined || name === undefined || signature === undefined) return false;
  const expected = sign(`${expires}.${name}`, secret, password);
  return timingSafeEqual(Buffer.from(signature), Buffer.from(expected)) && Number(expires) * 1000 > now;
}

/** Who a valid token was issued to. */
export const nameIn = (token: string): string => Buffer.from(parts(token).name ?? '', 'base64url').toString();
