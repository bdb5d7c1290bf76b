'use server';

import { deleteCategory, mergeCategory, renameCategory, undoCategoryChange } from '@duet/datasets';
import type { Author, Database } from '@duet/db';
import { refresh } from 'next/cache';
import { z } from 'zod';
import { attempt } from '#data/problem.ts';
import { author, database } from '#data/services.ts';

const form = z.object({ datasetId: z.uuid(), from: z.string().default(''), to: z.string().default('') });
type Form = z.output<typeof form>;

/** Does something to a category, as a form says. Returns the sentence that says what is wrong, or ''. */
async function change(data: FormData, work: (db: Database, asked: Form, by: Author) => Promise<void>): Promise<string> {
  const db = await database();
  const asked = form.parse(Object.fromEntries(data));
  const by = await author();
  const { problem } = await attempt(() => work(db, asked, by));
  refresh();
  return problem ?? '';
}

export const rename = async (_: string | undefined, data: FormData): Promise<string> =>
  change(data, (db, { datasetId, from, to }, by) => renameCategory(db, datasetId, from, to, by));

export const merge = async (_: string | undefined, data: FormData): Promise<string> =>
  change(data, (db, { datasetId, from, to }, by) => mergeCategory(db, datasetId, from, to, by));

export const remove = async (_: string | undefined, data: FormData): Promise<string> =>
  change(data, (db, { datasetId, from }, by) => deleteCategory(db, datasetId, from, by));

/** `from` is the change's id. */
export const undo = async (_: string | undefined, data: FormData): Promise<string> =>
  change(data, (db, { datasetId, from }, by) => undoCategoryChange(db, datasetId, from, by));
