import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** How long a log-in lasts. */
export const sessionSeconds = 12 * 60 * 60;

export const sessionCookie = 'duet_admin';

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Whether the two are the same, in a time that does not depend on where they differ. */
export const samePassword = (given: string, expected: string): boolean =>
  timingSafeEqual(digest(given), digest(expected));

/** The signature depends on the password too, so that changing it logs everybody out. */
const sign = (expires: string, secret: string, password: string): string =>
  createHmac('sha256', secret).update(`${expires}.`).update(digest(password)).digest('base64url');

/**
 * A session token: the time it ends at (Unix seconds) and the signature over it.
 * @param now Unix milliseconds
 */
export function issueSession(secret: string, password: string, now: number): string {
  const expires = String(Math.floor(now / 1000) + sessionSeconds);
  return `${expires}.${sign(expires, secret, password)}`;
}

/** Whether the token was issued with this secret and password and has not ended by `now` (Unix milliseconds). */
export function validSession(token: string | undefined, secret: string, password: string, now: number): boolean {
  const [, expires, signature] = /^(\d{1,12})\.([\w-]{43})$/.exec(token ?? '') ?? [];
  if (expires === undefined || signature === undefined) return false;
  const genuine = timingSafeEqual(Buffer.from(signature), Buffer.from(sign(expires, secret, password)));
  return genuine && Number(expires) * 1000 > now;
}
