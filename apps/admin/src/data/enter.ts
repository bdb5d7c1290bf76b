import { beginSession } from '@duet/db/people';
import { cookies, headers } from 'next/headers';
import { letIn, markBrowser, markedBrowser } from '#access.ts';
import { browserCookie, isHttps, sessionCookie, sessionSeconds } from '#session.ts';
import { LoginThrottle } from '#throttle.ts';
import { config, openedDatabase } from './services.ts';

const browserSeconds = 180 * 86_400;

/** Where a request comes from: the network address, and the mark of a browser that has logged in before. */
async function origin() {
  const [sent, jar] = [await headers(), await cookies()];
  const secure = isHttps(sent);
  // The server before this app says it, not the caller.
  const address = sent.get('x-forwarded-for') ?? '';
  const mark = markedBrowser(config(), jar.get(browserCookie(secure))?.value);
  return { sent, jar, secure, address, mark };
}

/** Whose failures count together. */
export async function sender(): Promise<string> {
  const { address, mark } = await origin();
  return LoginThrottle.sender(address, mark);
}

/** Begins a session of somebody who may come in: its row, its cookie, and the mark of this browser. */
export async function enter(accountId: string, now: number = Date.now()): Promise<void> {
  const { sent, jar, secure, address, mark } = await origin();
  const { token, session } = letIn(config(), now);
  const browser = (sent.get('user-agent') ?? '').slice(0, 300);
  await beginSession(await openedDatabase(), { ...session, accountId, address, browser });
  const cookie = { httpOnly: true, sameSite: 'lax', secure, path: '/' } as const;
  jar.set(sessionCookie(secure), token, { ...cookie, maxAge: sessionSeconds });
  jar.set(browserCookie(secure), markBrowser(config(), mark), { ...cookie, maxAge: browserSeconds });
}

/** Forgets this browser's session. */
export async function leave(): Promise<void> {
  const { jar, secure } = await origin();
  jar.delete({ name: sessionCookie(secure), path: '/', secure });
}
