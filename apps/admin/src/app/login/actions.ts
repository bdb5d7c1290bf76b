'use server';

import { accountByPassword, endSession, takeCode } from '@duet/db/people';
import { cookies, headers } from 'next/headers';
import { redirect } from 'next/navigation';
import { z } from 'zod';
import { accountOfTicket, makeTicket, sealingKey, sessionIn } from '#access.ts';
import { enter, leave, sender } from '#data/enter.ts';
import { config, logger, openedDatabase } from '#data/services.ts';
import { nextPath } from '#next-path.ts';
import { isHttps, sessionCookie } from '#session.ts';
import { throttle } from '#throttle.ts';

const passwordForm = z.object({
  email: z.string().max(254),
  password: z.string().max(1024),
  /** Where to go on to. */
  next: z.string().max(4096).catch('/').transform(nextPath),
});

const codeForm = z.object({ ticket: z.string().max(200), code: z.string().max(100), next: passwordForm.shape.next });

export interface LogInState {
  problem?: string;
  /** The password was right, and the account has a second factor: what its code is sent with. */
  ticket?: string;
  email?: string;
}

const wait = (ms: number) => `Too many attempts. Try again in ${Math.ceil(ms / 60_000)} min.`;
const away = 'The database does not answer, and keeps who may come in. Try again once it does.';

/** What the first step answers where it leads nowhere; who may come in is in already. */
async function byPassword(given: z.output<typeof passwordForm>, now: number): Promise<LogInState | 'in'> {
  const from = await sender();
  const waitMs = throttle.waitMs(from, now);
  if (waitMs > 0) return { problem: wait(waitMs), email: given.email };
  const db = await openedDatabase();
  const account = await accountByPassword(db, given.email, given.password);
  if (account === undefined) {
    throttle.failed(from, now);
    logger().warn({ from }, 'a log-in failed');
    return { problem: 'E-mail or password is wrong.', email: given.email };
  }
  throttle.succeeded(from);
  if (account.totpSince !== null) return { ticket: makeTicket(config(), account.id, now) };
  await enter(account.id, now);
  return 'in';
}

async function byCode({ ticket, code }: z.output<typeof codeForm>, now: number): Promise<LogInState | 'in'> {
  const accountId = accountOfTicket(config(), ticket, now);
  if (accountId === undefined) return { problem: 'That took too long. Begin again.' };
  // Whoever is here has the password: counting by account keeps no stranger's failures from its owner.
  const from = `code ${accountId}`;
  const waitMs = throttle.waitMs(from, now);
  if (waitMs > 0) return { problem: wait(waitMs), ticket };
  if (!(await takeCode(await openedDatabase(), accountId, { code, key: sealingKey(config()) }))) {
    throttle.failed(from, now);
    logger().warn({ accountId }, 'a code was wrong');
    return { problem: 'That is not the code, or it was used already. Wait for the next one.', ticket };
  }
  throttle.succeeded(from);
  await enter(accountId, now);
  return 'in';
}

/** Lets somebody in by e-mail and password, and by a code where they have a second factor. */
export async function logIn(before: LogInState, data: FormData): Promise<LogInState> {
  const entries = Object.fromEntries(data);
  const [first, second] = [passwordForm.safeParse(entries), codeForm.safeParse(entries)];
  const now = Date.now();
  let state: LogInState | 'in' = { ...before, problem: 'Type your e-mail and password.' };
  try {
    if (second.success) state = await byCode(second.data, now);
    else if (first.success) state = await byPassword(first.data, now);
  } catch (err) {
    logger().error({ err }, 'a log-in came to nothing');
    return { ...before, problem: away };
  }
  if (state !== 'in') return state;
  redirect((second.data ?? first.data)!.next);
}

export async function logOut(): Promise<void> {
  const name = sessionCookie(isHttps(await headers()));
  const session = sessionIn(config(), (await cookies()).get(name)?.value);
  if (session !== undefined) {
    await openedDatabase()
      .then((db) => endSession(db, session.id))
      .catch((err) => logger().error({ err, session: session.id }, 'a session could not be ended'));
  }
  await leave();
  redirect('/login');
}
