import { DuetError } from '@duet/base';
import { type Author, type Database, writeAudit } from '@duet/db';
import { z } from 'zod';
import { makeCategory } from './catalogue/categories.ts';
import { largestPrice } from './shape.ts';

/** An item as somebody who looks after the catalogue writes it. */
export const itemEdit = z.strictObject({
  externalId: z.string().trim().min(1, 'An item needs an id.').max(200, 'An id has at most 200 characters.'),
  title: z.string().trim().max(1000, 'A title has at most 1000 characters.'),
  /** By name; one that is new is made. */
  category: z.string().trim().min(1).max(200).nullable(),
  priceMinor: z.int().min(0).max(largestPrice, 'The price is too large.').nullable(),
  inStock: z.boolean(),
  /** Whether it is shown no more. */
  withdrawn: z.boolean(),
  /** By name; several values are joined by |. */
  attributes: z.record(z.string().min(1).max(200), z.string().max(10_000)),
});
export type ItemEdit = z.output<typeof itemEdit>;

/**
 * Adds an item to a dataset's catalogue, or changes the one of its id. The services follow within a second.
 *
 * @throws DuetError `bad-input` naming the field; `not-found` for an unknown dataset; `conflict` for a new item whose
 *   id is taken
 */
export async function saveItem(
  { prisma }: Database,
  datasetId: string,
  edit: ItemEdit,
  { isNew = false, ...author }: Author & { isNew?: boolean } = {},
): Promise<void> {
  const parsed = itemEdit.safeParse(edit);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw new DuetError('bad-input', issue.message, { where: { field: issue.path.join('.') } });
  }
  const { externalId, category, withdrawn, ...fields } = parsed.data;
  const where = { datasetId_externalId: { datasetId, externalId } };
  await prisma.$transaction(async (tx) => {
    const [dataset, old] = await Promise.all([
      tx.dataset.findUnique({ where: { id: datasetId } }),
      tx.item.findUnique({ where, include: { category: { select: { name: true } } } }),
    ]);
    if (dataset === null) throw new DuetError('not-found', `There is no dataset ${datasetId}.`);
    if (isNew && old !== null) throw new DuetError('conflict', `There is an item ${externalId} already.`);
    const data = {
      ...fields,
      categoryId: category === null ? null : (await makeCategory(tx, datasetId, category)).id,
      withdrawnAt: withdrawn ? (old?.withdrawnAt ?? author.now ?? new Date()) : null,
    };
    const saved = await tx.item.upsert({ where, create: { datasetId, externalId, ...data }, update: data });
    await writeAudit(tx, author, {
      action: old === null ? 'add' : 'edit',
      objectKind: 'item',
      objectId: saved.id,
      before: old && {
        title: old.title,
        category: old.category?.name ?? null,
        priceMinor: old.priceMinor,
        inStock: old.inStock,
        withdrawn: old.withdrawnAt !== null,
        attributes: old.attributes as object,
      },
      after: { ...fields, category, withdrawn },
    });
  });
}
