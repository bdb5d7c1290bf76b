'use server';

import { DuetError } from '@duet/base';
import {
  type ImportOrder,
  type InspectedUpload,
  importOrder,
  inspectUploads,
  previewUploads,
  removeUpload,
  removeUploads,
  startImport,
  type UploadPreview,
} from '@duet/datasets';
import { redirect } from 'next/navigation';
import { z } from 'zod';
import { importContext } from '#data/datasets/imports.ts';
import { guarded } from '#data/guarded.ts';
import { attempt } from '#data/problem.ts';
import { config } from '#data/services.ts';

const runId = z.uuid();

/** What answers with more than a sentence refuses with an error. */
const refuse = (sentence: string): never => {
  throw new DuetError('unauthorised', sentence);
};

/** Makes an import that files can be uploaded for, for a new dataset or to add to one; returns its id. */
export const begin = guarded(
  'imports/begin',
  async ({ db, by }, datasetId?: string): Promise<string> => {
    const { actor = '' } = by;
    return (await db.prisma.importRun.create({ data: { createdBy: actor, datasetId: datasetId ?? null } })).id;
  },
  refuse,
);

/** What each file of an import holds. */
export const look = guarded(
  'imports/look',
  async (_granted, id: string, settings: ImportOrder['settings']): Promise<InspectedUpload[]> => {
    return inspectUploads(importContext(), runId.parse(id), settings);
  },
  refuse,
);

export type Previewed = { preview: UploadPreview; problem?: undefined } | { preview?: undefined; problem: string };

/**
 * What would be stored, by the first rows; or the sentence that says what is wrong. The order is kept with the import.
 */
export const preview = guarded(
  'imports/preview',
  async ({ db }, id: string, order: ImportOrder): Promise<Previewed> => {
    const where = { id: runId.parse(id), status: { in: ['draft' as const, 'failed' as const] } };
    await db.prisma.importRun.updateMany({ where, data: { request: importOrder.parse(order) as object } });
    try {
      return { preview: await previewUploads({ db, ...importContext() }, runId.parse(id), order) };
    } catch (error) {
      if (!(error instanceof DuetError)) throw error;
      return { problem: sentenceOf(error) };
    }
  },
  (problem) => ({ problem }),
);

/** An error without its advice where that is an option of the command line: the form has the menus. */
function sentenceOf({ message, fix }: DuetError): string {
  return fix?.includes('--') ? message.replace(fix, '').trim() : message;
}

/** Removes one of an import's files. */
export const removeFile = guarded(
  'imports/removeFile',
  async (_granted, id: string, file: string): Promise<void> => {
    if (file.startsWith(`${runId.parse(id)}_`)) await removeUpload(config().dataDir, file);
  },
  refuse,
);

/** Queues the import. Returns the sentence that says what is wrong; goes to its progress where nothing is. */
export const start = guarded('imports/start', async ({ db, by }, id: string, order: ImportOrder): Promise<string> => {
  const { problem } = await attempt(() => startImport({ db, ...importContext() }, runId.parse(id), order, by));
  if (problem !== undefined) return problem;
  redirect(`/imports/${id}`);
});

/** Gives an import up, with its files. */
export const discard = guarded(
  'imports/discard',
  async ({ db }, _: string | undefined, data: FormData): Promise<string> => {
    const id = runId.parse(data.get('id'));
    const { count } = await db.prisma.importRun.deleteMany({ where: { id, status: { in: ['draft', 'failed'] } } });
    if (count === 0) return 'It is under way already.';
    await removeUploads(config().dataDir, id);
    redirect('/datasets');
  },
);
