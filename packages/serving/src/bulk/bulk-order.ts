import path from 'node:path';
import { DuetError } from '@duet/base';
import { type Author, type BulkRun, type Database, enqueue, writeAudit } from '@duet/db';
import { z } from 'zod';
import { filterSchema } from '../catalogue/filter.ts';

/** Whose lists are made: every user's, or of every item that is shown those that are most like it. */
export const bulkKinds = ['users', 'items'] as const;
export type BulkKind = (typeof bulkKinds)[number];

export const bulkFormats = ['parquet', 'csv', 'jsonl'] as const;
export type BulkFormat = (typeof bulkFormats)[number];

/** What somebody asks the worker to make. */
export const bulkOrder = z.strictObject({
  of: z.enum(bulkKinds),
  k: z.int().min(1).max(1_000),
  format: z.enum(bulkFormats),
  placement: z.string().max(100).optional(),
  seen: z.enum(['hide', 'show', 'only']).optional(),
  filter: filterSchema.optional(),
});
export type BulkOrder = z.infer<typeof bulkOrder>;

export const bulkFile = (dataDir: string, { id, format }: { id: string; format: BulkFormat }): string =>
  path.join(dataDir, 'bulk', `${id}.${format}`);

/** A dataset's runs, the newest first. */
export const bulkRuns = ({ prisma }: Database, datasetId: string): Promise<BulkRun[]> =>
  prisma.bulkRun.findMany({ where: { datasetId }, orderBy: { createdAt: 'desc' }, take: 20 });

/** Queues the lists of all users or items. @throws DuetError `bad-input` for an order that is none */
export async function startBulkRun(
  db: Database,
  datasetId: string,
  order: unknown,
  author: Author,
): Promise<{ id: string }> {
  const parsed = bulkOrder.safeParse(order);
  if (!parsed.success) {
    const { path: field, message } = parsed.error.issues[0]!;
    throw new DuetError('bad-input', `${message}.`, { where: { field: field.join('.') } });
  }
  const { id } = await db.prisma.$transaction(async (tx) => {
    const data = { datasetId, request: parsed.data as object, createdBy: author.actor ?? '' };
    const run = await tx.bulkRun.create({ data });
    const made = { action: 'recommend to all', objectKind: 'dataset', objectId: datasetId };
    await writeAudit(tx, author, { ...made, before: null, after: parsed.data });
    return run;
  });
  await enqueue(db, { kind: 'recommend', runId: id });
  return { id };
}
