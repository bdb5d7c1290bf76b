'use server';

import { startBulkRun } from '@duet/serving/bulk';
import { refresh } from 'next/cache';
import { z } from 'zod';
import { guarded } from '#data/guarded.ts';
import { attempt } from '#data/problem.ts';

/** Has the worker make the lists of all users or items. Returns the sentence that says what is wrong; '' if nothing is. */
export const makeLists = guarded(
  'lists/makeLists',
  async ({ db, by }, _: string | undefined, data: FormData): Promise<string> => {
    const { datasetId, k, placement, ...rest } = Object.fromEntries(data) as Record<string, string>;
    const dataset = z.uuid('Choose a dataset.').safeParse(datasetId);
    if (!dataset.success) return dataset.error.issues[0]!.message;
    const order = { ...rest, k: Number(k), ...(placement?.trim() && { placement: placement.trim() }) };
    const { problem } = await attempt(() => startBulkRun(db, dataset.data, order, by));
    refresh();
    return problem ?? '';
  },
);
