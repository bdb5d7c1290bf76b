import { fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { constants, setPriority } from 'node:os';
import { DuetError, type ErrorCode, type Progress, type ProgressUpdate, silent } from '@duet/base';
import type { Database } from '@duet/db';
import type { BuildIndexRequest, BuiltIndex } from './build.ts';
import { indexFolder } from './index-files.ts';

/** What the building process is sent. */
export interface BuildOrder {
  /** Of the database. */
  url: string;
  dataDir: string;
  request: BuildIndexRequest & { indexId: string };
}

/** What it sends back: progress, then one of the others. */
export type BuildMessage =
  | { progress: ProgressUpdate }
  | { built: BuiltIndex }
  | { failed: { code: ErrorCode; message: string } };

export interface BuildContext {
  db: Pick<Database, 'url' | 'prisma'>;
  dataDir: string;
  progress?: Progress | undefined;
  /** Ends the build at once. */
  signal?: AbortSignal | undefined;
  /** Told the building process's id. */
  onProcess?: ((pid: number) => void) | undefined;
}

/**
 * Builds and measures a model's index in a process of its own, at a low priority, and makes it the one that serves.
 * Whatever becomes of that process, what served before still does.
 *
 * @throws DuetError as the build; `internal` where its process ended without an answer; the signal's reason
 */
export async function buildModelIndex(ctx: BuildContext, request: BuildIndexRequest): Promise<BuiltIndex> {
  const { db, dataDir, progress = silent, signal, onProcess } = ctx;
  signal?.throwIfAborted();
  const indexId = randomUUID();
  const child = fork(new URL('./build-process.ts', import.meta.url), {
    // In a process group of its own: Ctrl-C reaches the one that ordered it alone, which then stops everything in
    // order.
    detached: true,
    // stdout may be the orderer's answer.
    stdio: ['ignore', process.stderr, process.stderr, 'ipc'],
  });
  const stop = () => child.kill('SIGKILL');
  signal?.addEventListener('abort', stop, { once: true });
  let end: Exclude<BuildMessage, { progress: unknown }> | undefined;
  try {
    const ended = once(child, 'exit');
    if (child.pid !== undefined) {
      setPriority(child.pid, constants.priority.PRIORITY_BELOW_NORMAL);
      onProcess?.(child.pid);
    }
    child.on('message', (message: BuildMessage) => {
      if ('progress' in message) progress(message.progress);
      else end = message;
    });
    // Where it does not get there the process has ended, which its exit tells.
    child.send({ url: db.url, dataDir, request: { ...request, indexId } } satisfies BuildOrder, () => {});
    const [code, name] = await ended;
    if (end !== undefined && 'built' in end) return end.built;
    signal?.throwIfAborted();
    if (end !== undefined) throw new DuetError(end.failed.code, end.failed.message);
    throw new DuetError('internal', `The process that built the index ended with ${code ?? name}, without an answer.`, {
      fix: 'What served before still does. Where the system was out of memory, free some and build it again.',
    });
  } finally {
    signal?.removeEventListener('abort', stop);
    if (end === undefined || 'failed' in end) await clear(db, dataDir, indexId);
  }
}

/** Removes what a build that failed has left, unless it got as far as being served. */
async function clear({ prisma }: Pick<Database, 'prisma'>, dataDir: string, indexId: string): Promise<void> {
  const folder = indexFolder(dataDir, indexId);
  await rm(`${folder}.building`, { recursive: true, force: true });
  if ((await prisma.index.count({ where: { id: indexId } })) === 0) await rm(folder, { recursive: true, force: true });
}
