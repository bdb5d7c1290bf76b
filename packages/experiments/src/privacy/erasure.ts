import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { DuetError } from '@duet/base';
import { forgetUser } from '@duet/datasets';
import {
  type Author,
  type Database,
  type Erasure,
  enqueue,
  fingerprintOf,
  isStorable,
  type Person,
  unstorableReason,
} from '@duet/db';
import { z } from 'zod';
import { dropBulkFiles, maskInLogs, waitingUploads } from './files.ts';
import { forgetPerson } from './user-data.ts';

interface Context {
  db: Database;
  dataDir: string;
  memory?: number | undefined;
  signal?: AbortSignal | undefined;
}

/** What still names somebody after an erasure, and when or how that ends. */
export const remaining = z.array(z.object({ what: z.string(), until: z.string() }));
export type Remaining = z.infer<typeof remaining>;

const personsId = z
  .string()
  .min(1, 'is empty')
  .max(200, 'has more than 200 characters')
  .refine(isStorable, { error: unstorableReason });

/**
 * Writes down that a customer is to be forgotten; one that is not forgotten yet is not written down twice.
 *
 * @throws DuetError `bad-input` for what is no id, `not-found` for a dataset that there is not
 */
export async function beginErasure(db: Database, person: Person, author: Author): Promise<Erasure> {
  const read = personsId.safeParse(person.userId);
  if (!read.success) {
    throw new DuetError('bad-input', `The id ${read.error.issues[0]!.message}.`, { where: { field: 'userId' } });
  }
  const { datasetId, userId } = person;
  if ((await db.prisma.dataset.count({ where: { id: datasetId } })) === 0) {
    throw new DuetError('not-found', `There is no dataset ${datasetId}.`);
  }
  const fingerprint = fingerprintOf(person);
  const by = { createdBy: author.actor ?? '', accountId: author.accountId ?? null };
  const open = await db.prisma.erasure.findFirst({ where: { fingerprint, status: { not: 'done' } } });
  if (open === null) return db.prisma.erasure.create({ data: { datasetId, userId, fingerprint, ...by } });
  return db.prisma.erasure.update({ where: { id: open.id }, data: { status: 'queued', error: null, ...by } });
}

/** Has the worker forget a customer. @throws DuetError as {@link beginErasure} */
export async function queueErasure(db: Database, person: Person, author: Author): Promise<Erasure> {
  const erasure = await beginErasure(db, person, author);
  await enqueue(db, { kind: 'forget', erasureId: erasure.id }).catch((error) => {
    // It waits, or is at work, already.
    if (!(error instanceof DuetError && error.code === 'conflict')) throw error;
  });
  return erasure;
}

/**
 * Forgets a customer as an erasure's row says, and writes the proof into it. A killed one is made whole by the next.
 *
 * @throws DuetError `not-found`; `conflict` while another process changes the dataset
 */
export async function runErasure(ctx: Context, erasureId: string): Promise<Erasure> {
  const { db, dataDir } = ctx;
  const { prisma } = db;
  const erasure = await prisma.erasure.findUnique({ where: { id: erasureId } });
  if (erasure === null) throw new DuetError('not-found', `There is no erasure ${erasureId}.`);
  const { userId, datasetId, createdBy, accountId } = erasure;
  if (userId === null) return erasure;
  await prisma.erasure.update({ where: { id: erasureId }, data: { status: 'running', error: null } });
  try {
    const person = { datasetId, userId };
    const author = { actor: createdBy, ...(accountId !== null && { accountId }) };
    let rows: Awaited<ReturnType<typeof forgetPerson>> | undefined;
    const files = await forgetUser(ctx, datasetId, userId, async () => {
      rows = await forgetPerson(db, person, author);
    });
    const bulk = await dropBulkFiles(ctx, datasetId);
    const logs = await maskInLogs(dataDir, userId);
    const removed = added(erasure.removed as Record<string, number>, { ...rows!.removed, ...files, bulk, logs });
    return await prisma.erasure.update({
      where: { id: erasureId },
      data: {
        ...{ status: 'done', userId: null, removed, left: rows!.left, finishedAt: new Date() },
        remaining: await remainingOf(ctx, person),
      },
    });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const state = ctx.signal?.aborted ? ({ status: 'queued' } as const) : ({ status: 'failed', error: why } as const);
    await prisma.erasure.update({ where: { id: erasureId }, data: state });
    throw error;
  }
}

const added = (one: Record<string, number>, other: Record<string, number>): Record<string, number> =>
  Object.fromEntries(Object.entries(other).map(([name, n]) => [name, n + (one[name] ?? 0)]));

/** What names a person still, because it is not Duet's to rewrite. */
async function remainingOf({ db, dataDir }: Context, { datasetId, userId }: Person): Promise<Remaining> {
  const models = await db.prisma.model.findMany({
    where: { datasetId },
    select: { id: true, name: true },
    orderBy: { createdAt: 'asc' },
  });
  const found: Remaining = [];
  for (const { id, name } of models) {
    if (!(await listsUser(path.join(dataDir, 'models', id, 'model.json'), userId))) continue;
    found.push({ what: `The model ${name} (${id}) lists the customer.`, until: 'Train it again, and remove it.' });
  }
  const uploads = await waitingUploads(dataDir);
  if (uploads > 0) {
    const what = `${uploads} uploaded files, not imported yet, may name the customer.`;
    found.push({ what, until: 'They are deleted a week after somebody last touched them.' });
  }
  const backups = 'Backups from before this hold the customer.';
  found.push({ what: backups, until: 'They go by DUET_BACKUP_KEEP; whoever restores one erases again.' });
  return found;
}

/** Whether a model lists a user. A model without its file lists nobody. */
async function listsUser(file: string, userId: string): Promise<boolean> {
  const text = await readFile(file, 'utf8').catch(() => '{}');
  try {
    return (JSON.parse(text) as { users?: string[] }).users?.includes(userId) ?? false;
  } catch {
    // A damaged one is not read by anybody either; whether it names them, its text says.
    return text.includes(JSON.stringify(userId));
  }
}

/** Erasures of a dataset, the newest first. */
export const erasuresOf = ({ prisma }: Database, datasetId: string, take = 50): Promise<Erasure[]> =>
  prisma.erasure.findMany({ where: { datasetId }, orderBy: [{ createdAt: 'desc' }, { id: 'desc' }], take });
