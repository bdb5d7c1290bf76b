import { createHash, createHmac, randomUUID, timingSafeEqual } from 'node:crypto';

/** How long a log-in lasts. */
export const sessionSeconds = 12 * 60 * 60;
/** How long the second step of a log-in, the code, may take. */
const ticketSeconds = 5 * 60;

/** A session as its cookie tells it. The database says whose it is, and whether it was ended since. */
export interface Session {
  id: string;
  expiresAt: Date;
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
const isSame = (given: string, expected: string): boolean => timingSafeEqual(digest(given), digest(expected));

/** Signed for one purpose: what is a session is no ticket. */
const sign = (purpose: string, claims: string, secret: string): string =>
  createHmac('sha256', secret).update(`${purpose} ${claims}`).digest('base64url');

/** Claims until a time, and their signature. */
function issue(purpose: string, id: string, seconds: number, secret: string, now: number) {
  const expires = Math.floor(now / 1000) + seconds;
  const claims = `${expires}.${id}`;
  return { token: `${claims}.${sign(purpose, claims, secret)}`, expiresAt: new Date(expires * 1000) };
}

const shape = /^(\d{1,12})\.([\da-f-]{36})\.([\w-]{43})$/;

function read(purpose: string, token: string | undefined, secret: string, now: number): Session | undefined {
  const [, expires, id, signature] = shape.exec(token ?? '') ?? [];
  if (signature === undefined || !isSame(signature, sign(purpose, `${expires}.${id}`, secret))) return undefined;
  return Number(expires) * 1000 <= now ? undefined : { id: id!, expiresAt: new Date(Number(expires) * 1000) };
}

/**
 * A new session and its token: the time it ends at (Unix seconds), its id, and the signature over both.
 *
 * @param now Unix milliseconds
 */
export function issueSession(secret: string, now: number): { token: string; session: Session } {
  const id = randomUUID();
  const { token, expiresAt } = issue('session', id, sessionSeconds, secret, now);
  return { token, session: { id, expiresAt } };
}

/**
 * The session of a token that was issued with this secret and has not expired; undefined for any other.
 *
 * @param now Unix milliseconds
 */
export const sessionOf = (token: string | undefined, secret: string, now: number): Session | undefined =>
  read('session', token, secret, now);

/** That somebody has given an account's password, and has a while to give its code. */
export const issueTicket = (accountId: string, secret: string, now: number): string =>
  issue('ticket', accountId, ticketSeconds, secret, now).token;

/** Whose ticket it is; undefined for one that has expired or was not issued here. */
export const ticketOf = (token: string | undefined, secret: string, now: number): string | undefined =>
  read('ticket', token, secret, now)?.id;

/** Behind https a cookie that no other host and no plain connection can set (RFC 6265bis, section 4.1.3.2). */
const cookieName = (name: string, isHttps: boolean): string => (isHttps ? `__Host-${name}` : name);

export const sessionCookie = (isHttps: boolean): string => cookieName('duet_admin', isHttps);
/** Of a browser that has logged in before. */
export const browserCookie = (isHttps: boolean): string => cookieName('duet_admin_browser', isHttps);

/** Of a browser that is at the provider. */
export const providerCookie = (isHttps: boolean): string => cookieName('duet_admin_provider', isHttps);
/** Of a sentence for the log-in page. */
export const problemCookie = (isHttps: boolean): string => cookieName('duet_admin_problem', isHttps);

/** Whether a request came by https, as the server before this app says. */
export const isHttps = (headers: { get(name: string): string | null }): boolean =>
  headers.get('x-forwarded-proto') === 'https';

/** A browser's id, signed: that it has logged in before. */
export const knownBrowser = (secret: string, id: string = randomUUID()): string =>
  `${id}.${createHmac('sha256', secret).update(`browser ${id}`).digest('base64url')}`;

/** The id in a browser's cookie; undefined where it was not issued here. */
export function browserOf(cookie: string | undefined, secret: string): string | undefined {
  const id = cookie?.split('.')[0] ?? '';
  return cookie !== undefined && isSame(cookie, knownBrowser(secret, id)) ? id : undefined;
}
