import { createHash, createHmac, randomUUID, timingSafeEqual } from 'node:crypto';

/** How long a log-in lasts. */
export const sessionSeconds = 12 * 60 * 60;

/** A session as its cookie tells it. The database says whether it was ended since. */
export interface Session {
  id: string;
  /** Whose changes are made in it. */
  name: string;
  expiresAt: Date;
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Whether the two are the same, in a time that does not depend on where they differ. */
export const samePassword = (given: string, expected: string): boolean =>
  timingSafeEqual(digest(given), digest(expected));

/** The signature depends on the password too, so that changing it logs everybody out. */
const sign = (claims: string, secret: string, password: string): string =>
  createHmac('sha256', secret).update(`${claims}.`).update(digest(password)).digest('base64url');

const shape = /^(\d{1,12})\.([\da-f-]{36})\.([\w-]*)\.([\w-]{43})$/;

/**
 * A new session and its token: the time it ends at (Unix seconds), its id, who has it, and the signature over all.
 *
 * @param now Unix milliseconds
 */
export function issueSession(
  secret: string,
  password: string,
  name: string,
  now: number,
): { token: string; session: Session } {
  const expires = Math.floor(now / 1000) + sessionSeconds;
  const id = randomUUID();
  const claims = `${expires}.${id}.${Buffer.from(name).toString('base64url')}`;
  const session = { id, name, expiresAt: new Date(expires * 1000) };
  return { token: `${claims}.${sign(claims, secret, password)}`, session };
}

/**
 * The session of a token that was issued with this secret and password and has not expired; undefined for any other.
 *
 * @param now Unix milliseconds
 */
export function sessionOf(
  token: string | undefined,
  secret: string,
  password: string,
  now: number,
): Session | undefined {
  const [, expires, id, name, signature] = shape.exec(token ?? '') ?? [];
  if (signature === undefined) return undefined;
  const expected = sign(`${expires}.${id}.${name}`, secret, password);
  if (!timingSafeEqual(Buffer.from(signature), Buffer.from(expected)) || Number(expires) * 1000 <= now)
    return undefined;
  return { id: id!, name: Buffer.from(name!, 'base64url').toString(), expiresAt: new Date(Number(expires) * 1000) };
}

/** Behind https a cookie that no other host and no plain connection can set (RFC 6265bis, section 4.1.3.2). */
const cookieName = (name: string, isHttps: boolean): string => (isHttps ? `__Host-${name}` : name);

export const sessionCookie = (isHttps: boolean): string => cookieName('duet_admin', isHttps);
/** Of a browser that has logged in before. */
export const browserCookie = (isHttps: boolean): string => cookieName('duet_admin_browser', isHttps);

/** Whether a request came by https, as the server before this app says. */
export const isHttps = (headers: { get(name: string): string | null }): boolean =>
  headers.get('x-forwarded-proto') === 'https';

/** A browser's id, signed: that it has logged in before. */
export const knownBrowser = (secret: string, id: string = randomUUID()): string =>
  `${id}.${createHmac('sha256', secret).update(`browser ${id}`).digest('base64url')}`;

/** The id in a browser's cookie; undefined where it was not issued here. */
export function browserOf(cookie: string | undefined, secret: string): string | undefined {
  const id = cookie?.split('.')[0] ?? '';
  return cookie !== undefined && samePassword(cookie, knownBrowser(secret, id)) ? id : undefined;
}
