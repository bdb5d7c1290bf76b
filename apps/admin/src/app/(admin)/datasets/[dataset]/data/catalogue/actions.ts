'use server';

import { editItems, type ItemsEdit, moveItems } from '@duet/datasets';
import { refresh } from 'next/cache';
import { z } from 'zod';
import { findDataset } from '#data/datasets/datasets.ts';
import { guarded } from '#data/guarded.ts';
import { attempt } from '#data/problem.ts';
import { minorUnits } from '#format.ts';

const change = z.strictObject({
  datasetId: z.uuid(),
  items: z.array(z.string().min(1)).min(1, 'Choose items first.').max(1000),
  /** In major units as somebody wrote it; empty: not known. */
  price: z
    .string()
    .trim()
    .regex(/^(\d+([.,]\d+)?)?$/, 'A price is a number, such as 4.25.')
    .optional(),
  inStock: z.boolean().optional(),
  withdrawn: z.boolean().optional(),
  /** By name, made where it is new; empty: none. */
  category: z.string().max(200, 'A category has at most 200 characters.').optional(),
});

/** Changes the same of some items. Returns the sentence that says what is wrong, or ''. */
export const changeItems = guarded(
  'catalogue/changeItems',
  async ({ db, by }, asked: z.input<typeof change>): Promise<string> => {
    const parsed = change.safeParse(asked);
    if (!parsed.success) return parsed.error.issues[0]!.message;
    const { datasetId, items, price, category, ...flags } = parsed.data;
    const dataset = await findDataset(datasetId);
    if (dataset === null) return 'This dataset has been deleted.';
    const edit: ItemsEdit = { ...flags };
    if (price !== undefined) {
      const digits = minorUnits(dataset.currency);
      edit.priceMinor = price === '' ? null : Math.round(Number(price.replace(',', '.')) * 10 ** digits);
    }
    const { problem } = await attempt(async () => {
      if (Object.keys(edit).length > 0) await editItems(db, datasetId, items, edit, by);
      if (category !== undefined) await moveItems(db, datasetId, items, category === '' ? null : category, by);
    });
    refresh();
    return problem ?? '';
  },
);
