'use server';

import { loadConfig } from '@duet/base';
import { cookies, headers } from 'next/headers';
import { redirect } from 'next/navigation';
import { z } from 'zod';
import { adminPassword, letIn } from '#access.ts';
import { logger } from '#data/services.ts';
import { samePassword, sessionCookie, sessionSeconds } from '#session.ts';
import { LoginThrottle } from '#throttle.ts';

const throttle = new LoginThrottle();

const form = z.object({
  password: z.string().max(1024),
  /** Whose changes these will be; there is one password for all. */
  name: z.string().trim().max(100).default(''),
  /** Where to go on to: a path of this app, never another site's address. */
  next: z
    .string()
    .regex(/^\/(?![/\\])/)
    .catch('/'),
});

export async function logIn(_: string | undefined, data: FormData): Promise<string> {
  const parsed = form.safeParse(Object.fromEntries(data));
  if (!parsed.success) return 'Type the password.';
  const { password, name, next } = parsed.data;
  const sent = await headers();
  const address = sent.get('x-forwarded-for')?.split(',')[0]?.trim() ?? 'unknown';
  const now = Date.now();

  const waitMs = throttle.waitMs(address, now);
  if (waitMs > 0) return `Too many attempts. Try again in ${Math.ceil(waitMs / 60_000)} min.`;
  const expected = adminPassword(loadConfig());
  if (expected === undefined) return 'No password has been set yet. Run `npm start`, or set DUET_ADMIN_PASSWORD.';
  if (!samePassword(password, expected)) {
    throttle.failed(address, now);
    logger().warn({ address }, 'a log-in failed');
    return 'That is not the password. `npm start` prints it, and it lies in the data folder as keys/admin-password.key.';
  }
  throttle.succeeded(address);
  (await cookies()).set(sessionCookie, letIn(loadConfig(), expected, name || 'admin', now), {
    httpOnly: true,
    sameSite: 'lax',
    secure: sent.get('x-forwarded-proto')?.startsWith('https') ?? false,
    path: '/',
    maxAge: sessionSeconds,
  });
  redirect(next);
}

export async function logOut(): Promise<void> {
  (await cookies()).delete(sessionCookie);
  redirect('/login');
}
