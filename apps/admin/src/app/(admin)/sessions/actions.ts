'use server';

import { endSession } from '@duet/db/people';
import { refresh } from 'next/cache';
import { z } from 'zod';
import { guarded } from '#data/guarded.ts';

/** Logs a browser out, wherever it is. */
export const end = guarded('sessions/end', async ({ db }, _: string | undefined, data: FormData): Promise<string> => {
  const id = z.uuid().safeParse(data.get('id'));
  if (!id.success) return 'There is no such session.';
  await endSession(db, id.data);
  refresh();
  return '';
});
