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
import { attempt } from '#data/problem.ts';
import { author, config, database } from '#data/services.ts';

const runId = z.uuid();

/** Makes an import that files can be uploaded for, for a new dataset or to add to one; returns its id. */
export async function begin(datasetId?: string): Promise<string> {
  const { prisma } = await database();
  const { actor = '' } = await author();
  return (await prisma.importRun.create({ data: { createdBy: actor, datasetId: datasetId ?? null } })).id;
}

/** What each file of an import holds. */
export async function look(id: string, settings: ImportOrder['settings']): Promise<InspectedUpload[]> {
  await database();
  return inspectUploads(importContext(), runId.parse(id), settings);
}

export type Previewed = { preview: UploadPreview; problem?: undefined } | { preview?: undefined; problem: string };

/**
 * What would be stored, by the first rows; or the sentence that says what is wrong. The order is kept with the import.
 */
export async function preview(id: string, order: ImportOrder): Promise<Previewed> {
  const db = await database();
  const where = { id: runId.parse(id), status: { in: ['draft' as const, 'failed' as const] } };
  await db.prisma.importRun.updateMany({ where, data: { request: importOrder.parse(order) as object } });
  try {
    return { preview: await previewUploads({ db, ...importContext() }, runId.parse(id), order) };
  } catch (error) {
    if (!(error instanceof DuetError)) throw error;
    return { problem: sentenceOf(error) };
  }
}

/** An error without its advice where that is an option of the command line: the form has the menus. */
function sentenceOf({ message, fix }: DuetError): string {
  return fix?.includes('--') ? message.replace(fix, '').trim() : message;
}

/** Removes one of an import's files. */
export async function removeFile(id: string, file: string): Promise<void> {
  await database();
  if (file.startsWith(`${runId.parse(id)}_`)) await removeUpload(config().dataDir, file);
}

/** Queues the import. Returns the sentence that says what is wrong; goes to its progress where nothing is. */
export async function start(id: string, order: ImportOrder): Promise<string> {
  const db = await database();
  const by = await author();
  const { problem } = await attempt(() => startImport({ db, ...importContext() }, runId.parse(id), order, by));
  if (problem !== undefined) return problem;
  redirect(`/imports/${id}`);
}

/** Gives an import up, with its files. */
export async function discard(_: string | undefined, data: FormData): Promise<string> {
  const { prisma } = await database();
  const id = runId.parse(data.get('id'));
  const { count } = await prisma.importRun.deleteMany({ where: { id, status: { in: ['draft', 'failed'] } } });
  if (count === 0) return 'It is under way already.';
  await removeUploads(config().dataDir, id);
  redirect('/datasets');
}
