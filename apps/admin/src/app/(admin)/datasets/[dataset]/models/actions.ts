'use server';

import { DuetError } from '@duet/base';
import { enqueue } from '@duet/db';
import { resolveSettings } from '@duet/models';
import { refresh } from 'next/cache';
import { redirect } from 'next/navigation';
import { z } from 'zod';
import { findDataset } from '#data/datasets/datasets.ts';
import { guarded } from '#data/guarded.ts';
import { attempt } from '#data/problem.ts';
import { datasetPath } from '#dataset-path.ts';
import { readSetting } from './settings.ts';

const trainForm = z.object({
  datasetId: z.uuid('Choose a dataset.'),
  kind: z.string(),
  preset: z.string(),
  split: z.enum(['time:0.8', 'leave-last-out', 'none'], 'Choose what is held out.'),
  seed: z.coerce
    .number('The seed is a whole number.')
    .int('The seed is a whole number.')
    .min(0, 'The seed is 0 or more.'),
  name: z.string().trim().max(100, 'A name has at most 100 characters.'),
  minutes: z.coerce
    .number('The minutes to search are a whole number.')
    .int('The minutes to search are a whole number.')
    .min(0, 'The minutes to search are 0 or more.')
    .max(1440, 'A search takes a day at most.')
    .optional(),
});

/** Queues a training. Returns the sentence that says what is wrong with the form; goes to the run where nothing is. */
export const train = guarded('models/train', async ({ db }, _: string | undefined, data: FormData): Promise<string> => {
  const entries = Object.fromEntries(data);
  const parsed = trainForm.safeParse(entries);
  if (!parsed.success) return parsed.error.issues[0]!.message;
  const { datasetId, kind, preset, split, seed, name, minutes } = parsed.data;
  const dataset = await findDataset(datasetId);
  if (dataset === null) return 'This dataset has been deleted.';
  const set = Object.fromEntries(
    Object.entries(entries).flatMap(([field, text]) => {
      const key = field.startsWith('set.') ? field.slice(4) : undefined;
      return key === undefined || typeof text !== 'string' || text.trim() === ''
        ? []
        : [[key, readSetting(kind, key, text)]];
    }),
  );
  try {
    resolveSettings(kind, preset, set);
  } catch (error) {
    // Its advice lists every setting; the form has them before its reader.
    if (error instanceof DuetError) return error.message.replace(error.fix ?? '', '').trim();
    throw error;
  }
  const run = await db.prisma.trainingRun.create({
    data: { datasetId, kind, preset, parameters: { set, seed, split, minutes, ...(name && { name }) } as object },
  });
  const { problem } = await attempt(() => enqueue(db, { kind: 'train', runId: run.id }));
  if (problem !== undefined) {
    await db.prisma.trainingRun.delete({ where: { id: run.id } });
    return problem;
  }
  redirect(`${datasetPath(dataset.name)}/models/runs/${run.id}`);
});

const evaluateForm = z.object({ modelId: z.uuid(), split: z.string().min(1).max(100) });

/** Queues the evaluation of a model on a split. */
export const evaluate = guarded(
  'models/evaluate',
  async ({ db }, _: string | undefined, data: FormData): Promise<string> => {
    const parsed = evaluateForm.safeParse(Object.fromEntries(data));
    if (!parsed.success) return parsed.error.issues[0]!.message;
    const { problem } = await attempt(() => enqueue(db, { kind: 'evaluate', ...parsed.data }));
    refresh();
    return problem ?? '';
  },
);
