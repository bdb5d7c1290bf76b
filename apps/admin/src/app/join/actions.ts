'use server';

import { DuetError } from '@duet/base';
import { followLink } from '@duet/db/people';
import { redirect } from 'next/navigation';
import { z } from 'zod';
import { enter, sender } from '#data/enter.ts';
import { attempt } from '#data/problem.ts';
import { openedDatabase } from '#data/services.ts';
import { throttle } from '#throttle.ts';

const form = z.object({
  kind: z.enum(['invitation', 'reset']),
  token: z.string().max(100),
  name: z.string().max(200).optional(),
  password: z.string().max(1024),
});

/**
 * Sets a password by a link. Who was invited is in then; who had it reset logs in with it, and gives a code where one is
 * asked for.
 */
export async function follow(_: string | undefined, data: FormData): Promise<string> {
  const parsed = form.safeParse(Object.fromEntries(data));
  if (!parsed.success) return 'Type a password.';
  const { kind, token, name, password } = parsed.data;
  const [from, now] = [await sender(), Date.now()];
  const waitMs = throttle.waitMs(from, now);
  if (waitMs > 0) return `Too many attempts. Try again in ${Math.ceil(waitMs / 60_000)} min.`;
  const db = await openedDatabase();
  const { value: person, problem } = await attempt(async () => {
    try {
      return await followLink(db, kind, token, { name, password });
    } catch (error) {
      if (error instanceof DuetError && error.code === 'not-found') throttle.failed(from, now);
      throw error;
    }
  });
  if (person === undefined) return problem;
  if (kind === 'reset') redirect('/login');
  await enter(person.id, now);
  redirect('/');
}
