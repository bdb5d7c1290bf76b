'use server';

import { refresh } from 'next/cache';
import { z } from 'zod';
import { database } from '#data/services.ts';
import { endSession } from '#data/sessions.ts';

/** Logs a browser out, wherever it is. */
export async function end(_: string | undefined, data: FormData): Promise<string> {
  const db = await database();
  const id = z.uuid().safeParse(data.get('id'));
  if (!id.success) return 'There is no such session.';
  await endSession(db, id.data);
  refresh();
  return '';
}
