'use server';

import { deleteCategory, mergeCategory, renameCategory, undoCategoryChange } from '@duet/datasets';
import { refresh } from 'next/cache';
import { z } from 'zod';
import { guarded } from '#data/guarded.ts';
import { attempt } from '#data/problem.ts';

const form = z.object({ datasetId: z.uuid(), from: z.string().default(''), to: z.string().default('') });
type Form = z.output<typeof form>;

/** Does something to a category, as a form says. Returns the sentence that says what is wrong, or ''. */
async function change(data: FormData, work: (asked: Form) => Promise<void>): Promise<string> {
  const asked = form.parse(Object.fromEntries(data));
  const { problem } = await attempt(() => work(asked));
  refresh();
  return problem ?? '';
}

export const rename = guarded('data/rename', ({ db, by }, _: string | undefined, data: FormData) =>
  change(data, ({ datasetId, from, to }) => renameCategory(db, datasetId, from, to, by)),
);

export const merge = guarded('data/merge', ({ db, by }, _: string | undefined, data: FormData) =>
  change(data, ({ datasetId, from, to }) => mergeCategory(db, datasetId, from, to, by)),
);

export const remove = guarded('data/remove', ({ db, by }, _: string | undefined, data: FormData) =>
  change(data, ({ datasetId, from }) => deleteCategory(db, datasetId, from, by)),
);

/** `from` is the change's id. */
export const undo = guarded('data/undo', ({ db, by }, _: string | undefined, data: FormData) =>
  change(data, ({ datasetId, from }) => undoCategoryChange(db, datasetId, from, by)),
);
