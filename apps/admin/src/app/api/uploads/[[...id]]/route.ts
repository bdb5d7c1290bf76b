import { uploadsFolder } from '@duet/datasets';
import type { Server } from '@tus/server';
import { z } from 'zod';
import { config, database } from '#data/services.ts';
import { uploadServer } from '#upload-server.ts';

const runId = z.uuid();

const refuse = (status_code: number, body: string) => ({ status_code, body });

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

async function handle(request: Request): Promise<Response> {
  await database();
  place.duetUploads ??= uploadServer(uploadsFolder(config().dataDir), runOf);
  return (await place.duetUploads).handleWeb(request as Parameters<Server['handleWeb']>[0]);
}

export { handle as DELETE, handle as HEAD, handle as PATCH, handle as POST };
