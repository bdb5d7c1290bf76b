'use server';

import { itemEdit, saveItem } from '@duet/datasets';
import { redirect } from 'next/navigation';
import { z } from 'zod';
import { findDataset } from '#data/datasets/datasets.ts';
import { guarded } from '#data/guarded.ts';
import { attempt } from '#data/problem.ts';
import { datasetPath } from '#dataset-path.ts';
import { minorUnits } from '#format.ts';

const form = z.object({
  datasetId: z.uuid(),
  isNew: z.string(),
  price: z
    .string()
    .trim()
    .regex(/^(\d+([.,]\d+)?)?$/, 'A price is a number, such as 4.25.'),
  attributes: z.string(),
});

/**
 * Adds or changes an item. Returns the sentence that says what is wrong with the form; goes to the catalogue where
 * nothing is.
 */
export const save = guarded('item/save', async ({ db, by }, _: string | undefined, data: FormData): Promise<string> => {
  const entries = Object.fromEntries(data);
  const parsed = form.safeParse(entries);
  if (!parsed.success) return parsed.error.issues[0]!.message;
  const { datasetId, isNew, price, attributes } = parsed.data;
  const dataset = await findDataset(datasetId);
  if (dataset === null) return 'This dataset has been deleted.';
  const lines = attributes.split('\n').filter((line) => line.trim() !== '');
  const broken = lines.find((line) => !/^[^:]+:/.test(line));
  if (broken !== undefined) return `“${broken.trim()}” is not an attribute: write its name, a colon and its value.`;
  const item = itemEdit.safeParse({
    externalId: entries.externalId,
    title: entries.title,
    category: String(entries.category ?? '').trim() || null,
    priceMinor: price === '' ? null : Math.round(Number(price.replace(',', '.')) * 10 ** minorUnits(dataset.currency)),
    inStock: data.has('inStock'),
    withdrawn: data.has('withdrawn'),
    attributes: Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf(':')).trim(), line.slice(line.indexOf(':') + 1).trim()]),
    ),
  });
  if (!item.success) return item.error.issues[0]!.message;
  const { problem } = await attempt(() => saveItem(db, datasetId, item.data, { ...by, isNew: isNew !== '' }));
  if (problem !== undefined) return problem;
  redirect(`${datasetPath(dataset.name)}/data/catalogue?${new URLSearchParams({ q: item.data.externalId })}`);
});
