'use server';

import { setStorefront, storefrontOf } from '@duet/datasets';
import type { Author, Database } from '@duet/db';
import { refresh } from 'next/cache';
import { z } from 'zod';
import { guarded } from '#data/guarded.ts';
import { attempt } from '#data/problem.ts';

const dataset = z.uuid('Choose a dataset.');
type Patch = Parameters<typeof setStorefront>[2];

/** Changes settings by what they are. Returns the sentence that says what is wrong; '' where nothing is. */
async function change(
  { db, by }: { db: Database; by: Author },
  datasetId: string,
  patchOf: (before: Patch) => Patch,
): Promise<string> {
  const { problem } = await attempt(async () =>
    setStorefront(db, datasetId, patchOf(await storefrontOf(db, datasetId)), by),
  );
  refresh();
  return problem ?? '';
}

const listsForm = z.object({
  datasetId: dataset,
  language: z.string(),
  demoteAfter: z.coerce.number('Say after how many impressions, or 0 for never.'),
  showOutOfStock: z.literal('on').optional(),
});

/** Sets what holds for every list. */
export const saveLists = guarded(
  'settings/saveLists',
  async (granted, _: string | undefined, data: FormData): Promise<string> => {
    const parsed = listsForm.safeParse(Object.fromEntries(data));
    if (!parsed.success) return parsed.error.issues[0]!.message;
    const { datasetId, language, demoteAfter, showOutOfStock } = parsed.data;
    const patch = { language, demoteAfter, showOutOfStock: showOutOfStock === 'on' };
    return (await change(granted, datasetId, () => patch)) || 'Saved.';
  },
);

const eventForm = z.object({
  datasetId: dataset,
  name: z.string().trim(),
  weight: z.coerce.number('Say what it weighs, where a purchase weighs 1.'),
  hides: z.literal('on').optional(),
});

/** Declares an event type of the shop's own, or changes the one that is called so. */
export const addEventType = guarded(
  'settings/addEventType',
  async (granted, _: string | undefined, data: FormData): Promise<string> => {
    const parsed = eventForm.safeParse(Object.fromEntries(data));
    if (!parsed.success) return parsed.error.issues[0]!.message;
    const { datasetId, name, weight, hides } = parsed.data;
    return change(granted, datasetId, ({ eventTypes = [] }) => ({
      eventTypes: [...eventTypes.filter((type) => type.name !== name), { name, weight, hides: hides === 'on' }],
    }));
  },
);

export const removeEventType = guarded(
  'settings/removeEventType',
  async (granted, _: string | undefined, data: FormData): Promise<string> => {
    const parsed = eventForm.pick({ datasetId: true, name: true }).safeParse(Object.fromEntries(data));
    if (!parsed.success) return parsed.error.issues[0]!.message;
    const { datasetId, name } = parsed.data;
    return change(granted, datasetId, ({ eventTypes = [] }) => ({
      eventTypes: eventTypes.filter((type) => type.name !== name),
    }));
  },
);
