'use server';

import { loadConfig } from '@duet/base';
import { cookies, headers } from 'next/headers';
import { redirect } from 'next/navigation';
import { z } from 'zod';
import { adminPassword, letIn, markBrowser, markedBrowser, sessionIn } from '#access.ts';
import { logger, openedDatabase } from '#data/services.ts';
import { beginSession, endSession } from '#data/sessions.ts';
import { nextPath } from '#next-path.ts';
import { browserCookie, isHttps, samePassword, sessionCookie, sessionSeconds } from '#session.ts';
import { LoginThrottle } from '#throttle.ts';

const throttle = new LoginThrottle();
const browserSeconds = 180 * 86_400;

const form = z.object({
  password: z.string().max(1024),
  /** Whose changes these will be; there is one password for all. */
  name: z.string().trim().max(100).default(''),
  /** Where to go on to. */
  next: z.string().max(4096).catch('/').transform(nextPath),
});

export async function logIn(_: string | undefined, data: FormData): Promise<string> {
  const parsed = form.safeParse(Object.fromEntries(data));
  if (!parsed.success) return 'Type the password.';
  const { password, name, next } = parsed.data;
  const config = loadConfig();
  const [sent, jar] = [await headers(), await cookies()];
  const secure = isHttps(sent);
  // The server before this app says it, not the caller.
  const address = sent.get('x-forwarded-for') ?? '';
  const browser = markedBrowser(config, jar.get(browserCookie(secure))?.value);
  const sender = LoginThrottle.sender(address, browser);
  const now = Date.now();

  const waitMs = throttle.waitMs(sender, now);
  if (waitMs > 0) return `Too many attempts. Try again in ${Math.ceil(waitMs / 60_000)} min.`;
  const expected = adminPassword(config);
  if (expected === undefined) return 'No password has been set yet. Run `npm start`, or set DUET_ADMIN_PASSWORD.';
  if (!samePassword(password, expected)) {
    throttle.failed(sender, now);
    logger().warn({ address }, 'a log-in failed');
    return 'That is not the password. `npm start` prints it, and it lies in the data folder as keys/admin-password.key.';
  }
  throttle.succeeded(sender);
  const { token, session } = letIn(config, expected, name || 'admin', now);
  try {
    const from = { address, browser: (sent.get('user-agent') ?? '').slice(0, 300) };
    await beginSession(await openedDatabase(), session, from);
  } catch (err) {
    logger().error({ err }, 'a session could not be begun');
    return 'The database does not answer, and keeps who is logged in. Try again once it does.';
  }
  const cookie = { httpOnly: true, sameSite: 'lax', secure, path: '/' } as const;
  jar.set(sessionCookie(secure), token, { ...cookie, maxAge: sessionSeconds });
  jar.set(browserCookie(secure), markBrowser(config, browser), { ...cookie, maxAge: browserSeconds });
  redirect(next);
}

export async function logOut(): Promise<void> {
  const jar = await cookies();
  const name = sessionCookie(isHttps(await headers()));
  const session = sessionIn(loadConfig(), jar.get(name)?.value);
  if (session !== undefined) {
    await openedDatabase()
      .then((db) => endSession(db, session.id))
      .catch((err) => logger().error({ err, session: session.id }, 'a session could not be ended'));
  }
  jar.delete({ name, path: '/', secure: name.startsWith('__Host-') });
  redirect('/login');
}
