import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { maxUpload, uploadsFolder } from '@duet/datasets';
import { FileStore } from '@tus/file-store';
import { Server } from '@tus/server';
import { z } from 'zod';
import { config, database } from '#data/services.ts';

const runId = z.uuid();
const fileId = /^[0-9a-f-]{36}_[0-9a-f-]{36}$/;

const refuse = (status_code: number, body: string) => ({ status_code, body });

/** The run that a new file is for. It names the file, so that a run's files are found without another list. */
async function runOf(metadata: Record<string, string | null> | undefined): Promise<string> {
  const parsed = runId.safeParse(metadata?.run);
  const { prisma } = await database();
  const run = parsed.success && (await prisma.importRun.findUnique({ where: { id: parsed.data } }));
  if (!run) throw refuse(404, 'There is no such import.');
  if (run.status !== 'draft' && run.status !== 'failed') throw refuse(409, 'This import is under way already.');
  return run.id;
}

// The locks of files that are being written belong to the process; Next evaluates a module once per bundle.
const place = globalThis as { duetUploads?: Promise<Server> };

async function openServer(): Promise<Server> {
  const directory = uploadsFolder(config().dataDir);
  await mkdir(directory, { recursive: true });
  return new Server({
    path: '/api/uploads',
    datastore: new FileStore({ directory }),
    maxSize: maxUpload,
    relativeLocation: true,
    allowedOrigins: [],
    namingFunction: async (_, metadata) => `${await runOf(metadata)}_${randomUUID()}`,
    getFileIdFromRequest: (_, last) => (last !== undefined && fileId.test(last) ? last : undefined),
  });
}

/** Resumable uploads, as tus 1.0 has them (tus.io): each piece is streamed to the disk. */
async function handle(request: Request): Promise<Response> {
  await database();
  place.duetUploads ??= openServer();
  return (await place.duetUploads).handleWeb(request as Parameters<Server['handleWeb']>[0]);
}

export { handle as DELETE, handle as HEAD, handle as PATCH, handle as POST };
