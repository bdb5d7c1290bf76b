'use server';

import { enqueue } from '@duet/db';
import { restoreIndex } from '@duet/serving/versions';
import { refresh } from 'next/cache';
import { z } from 'zod';
import { guarded } from '#data/guarded.ts';
import { attempt } from '#data/problem.ts';
import { config } from '#data/services.ts';

const rebuildForm = z.object({
  modelId: z.uuid(),
  factory: z
    .string()
    .trim()
    .regex(/^[\w,()-]{0,100}$/, 'A factory is a FAISS index_factory string, such as Flat or IVF256,Flat.'),
});

/** Queues the building of a model's index. The finished one becomes the active one by itself. */
export const rebuild = guarded(
  'indexes/rebuild',
  async ({ db }, _: string | undefined, data: FormData): Promise<string> => {
    const parsed = rebuildForm.safeParse(Object.fromEntries(data));
    if (!parsed.success) return parsed.error.issues[0]!.message;
    const { modelId, factory } = parsed.data;
    const { problem } = await attempt(() => enqueue(db, { kind: 'index', modelId, ...(factory && { factory }) }));
    refresh();
    return problem ?? '';
  },
);

/** Serves an earlier index of its model again, once its files are found whole. */
export const restore = guarded(
  'indexes/restore',
  async ({ db, by }, _: string | undefined, data: FormData): Promise<string> => {
    const indexId = z.uuid().safeParse(data.get('indexId'));
    if (!indexId.success) return 'This index is not there any more.';
    const { dataDir } = config();
    const { problem } = await attempt(async () => restoreIndex({ db, dataDir }, indexId.data, by));
    refresh();
    return problem ?? '';
  },
);
