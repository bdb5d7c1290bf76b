import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { maxUpload } from '@duet/datasets';
import { FileStore } from '@tus/file-store';
import { Server } from '@tus/server';

const fileId = /^[0-9a-f-]{36}_[0-9a-f-]{36}$/;

/**
 * Resumable uploads, as tus 1.0 has them (tus.io): each piece is streamed to the disk.
 *
 * @param directory where files go; it is made
 * @param runOf The run that a new file is for, by what the browser says of it. It names the file, so that a run's files
 *   are found without another list.
 */
export async function uploadServer(
  directory: string,
  runOf: (metadata: Record<string, string | null> | undefined) => Promise<string>,
): Promise<Server> {
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
