import { DuetError } from '@duet/base';
import { type Author, type Database, type Prisma, writeAudit } from '@duet/db';

type Transaction = Prisma.TransactionClient;

interface Found {
  id: string;
  name: string;
}

const objectKind = 'categories';

/** A change of a dataset's categories, as its audit log keeps it: enough to take it back. */
interface Change {
  action: 'rename' | 'merge' | 'delete' | 'move';
  /** The category as it was called; null for items that had several, or none. */
  from: string | null;
  /** What its items are in now; null: in none. */
  to: string | null;
  /** Items that moved, by id, with what each was in. */
  items: Record<string, string | null>;
}

async function find(tx: Transaction, datasetId: string, name: string): Promise<Found> {
  const found = await tx.category.findUnique({ where: { datasetId_name: { datasetId, name } } });
  if (found === null) throw new DuetError('not-found', `There is no category "${name}".`);
  return found;
}

/** A category by name, which is made where it is new; files mean it from then on. */
export async function makeCategory(tx: Transaction, datasetId: string, name: string): Promise<Found> {
  await tx.categoryAlias.deleteMany({ where: { datasetId, name } });
  const where = { datasetId_name: { datasetId, name } };
  return tx.category.upsert({ where, create: { datasetId, name }, update: {} });
}

/** What files call `name` is in `to` from now on, or in no category. */
const alias = (tx: Transaction, datasetId: string, name: string, to: string | null) =>
  tx.categoryAlias.upsert({
    where: { datasetId_name: { datasetId, name } },
    create: { datasetId, name, to },
    update: { to },
  });

/** Counts the items of a dataset's categories anew. */
const countItems = (tx: Transaction, datasetId: string) =>
  tx.$executeRaw`
    UPDATE "Category" c SET items = (SELECT count(*) FROM "Item" i WHERE i."categoryId" = c.id)
    WHERE c."datasetId" = ${datasetId}::uuid
      AND c.items <> (SELECT count(*) FROM "Item" i WHERE i."categoryId" = c.id)`;

/** Items by id with the name of their category, of those that `where` narrows a dataset to. */
async function itemsOf(tx: Transaction, where: Prisma.ItemWhereInput): Promise<Change['items']> {
  const rows = await tx.item.findMany({ where, select: { id: true, category: { select: { name: true } } } });
  return Object.fromEntries(rows.map(({ id, category }) => [id, category?.name ?? null]));
}

/** Puts items into a category, or none. Whoever follows the catalogue sees their rows change. */
const put = (tx: Transaction, ids: string[], categoryId: string | null) =>
  tx.$executeRaw`UPDATE "Item" SET "categoryId" = ${categoryId}::uuid, "updatedAt" = now() WHERE id = ANY(${ids}::uuid[])`;

async function writeDown(tx: Transaction, datasetId: string, author: Author, { action, ...change }: Change) {
  // Lists are kept whole: what moved is one value of the log.
  const items = Object.entries(change.items);
  const before = { from: change.from, items };
  await writeAudit(tx, author, { action, objectKind, objectId: datasetId, before, after: { to: change.to } });
}

/** What a change of categories has to be within: one transaction, with room for a large category. */
const changing = <T>({ prisma }: Database, work: (tx: Transaction) => Promise<T>): Promise<T> =>
  prisma.$transaction(work, { timeout: 60_000 });

/**
 * Gives a category another name. Later files that have the old one mean it too, as with the other changes.
 *
 * @throws DuetError `bad-input` for no name, `not-found`, `conflict` where another has the name
 */
export async function renameCategory(db: Database, datasetId: string, from: string, name: string, author: Author = {}) {
  const to = name.trim().normalize('NFC');
  if (to === '' || to.length > 200) throw new DuetError('bad-input', 'A category has a name of 1 to 200 characters.');
  await changing(db, async (tx) => {
    const category = await find(tx, datasetId, from);
    if (to === from) return;
    if ((await tx.category.count({ where: { datasetId, name: to } })) > 0) {
      throw new DuetError('conflict', `There is a category "${to}" already.`, { fix: 'Merge this one into it.' });
    }
    await tx.category.update({ where: { id: category.id }, data: { name: to } });
    await tx.categoryAlias.deleteMany({ where: { datasetId, name: to } });
    await alias(tx, datasetId, from, to);
    const items = await itemsOf(tx, { categoryId: category.id });
    await put(tx, Object.keys(items), category.id);
    await writeDown(tx, datasetId, author, { action: 'rename', from, to, items: {} });
  });
}

/**
 * Moves all items of a category into another, and removes it. @throws DuetError `not-found`, `bad-input` for one and
 * the same
 */
export async function mergeCategory(db: Database, datasetId: string, from: string, to: string, author: Author = {}) {
  if (from === to) throw new DuetError('bad-input', 'A category cannot be merged into itself.');
  await changing(db, async (tx) => {
    const [source, target] = [await find(tx, datasetId, from), await find(tx, datasetId, to)];
    const items = await itemsOf(tx, { categoryId: source.id });
    await put(tx, Object.keys(items), target.id);
    await tx.$executeRaw`UPDATE "Category" SET interactions = interactions
      + (SELECT interactions FROM "Category" WHERE id = ${source.id}::uuid) WHERE id = ${target.id}::uuid`;
    await tx.category.delete({ where: { id: source.id } });
    await alias(tx, datasetId, from, to);
    await countItems(tx, datasetId);
    await writeDown(tx, datasetId, author, { action: 'merge', from, to, items });
  });
}

/** Removes a category; its items are in none. @throws DuetError `not-found` */
export async function deleteCategory(db: Database, datasetId: string, from: string, author: Author = {}) {
  await changing(db, async (tx) => {
    const category = await find(tx, datasetId, from);
    const items = await itemsOf(tx, { categoryId: category.id });
    await put(tx, Object.keys(items), null);
    await tx.category.delete({ where: { id: category.id } });
    await alias(tx, datasetId, from, null);
    await writeDown(tx, datasetId, author, { action: 'delete', from, to: null, items });
  });
}

/**
 * Moves items into a category, which is made where it is new; null: into none.
 *
 * @param externalIds The shop's own ids.
 * @returns how many items there are of them
 */
export async function moveItems(
  db: Database,
  datasetId: string,
  externalIds: readonly string[],
  category: string | null,
  author: Author = {},
): Promise<number> {
  const to = category?.trim().normalize('NFC') || null;
  return changing(db, async (tx) => {
    const items = await itemsOf(tx, { datasetId, externalId: { in: [...externalIds] } });
    const target = to === null ? null : await makeCategory(tx, datasetId, to);
    await put(tx, Object.keys(items), target?.id ?? null);
    await countItems(tx, datasetId);
    await writeDown(tx, datasetId, author, { action: 'move', from: null, to, items });
    return Object.keys(items).length;
  });
}

export interface CategoryChange {
  id: string;
  at: Date;
  actor: string;
  /** 'Lamps merged into Lights (12 items)'. */
  sentence: string;
  undone: boolean;
}

const readItems = (before: unknown): [string, string | null][] =>
  ((before as { items?: [string, string | null][] } | null)?.items ?? []) as [string, string | null][];

function sentenceOf({ action, before, after }: { action: string; before: unknown; after: unknown }): string {
  const from = (before as { from?: string } | null)?.from ?? '';
  const to = (after as { to?: string } | null)?.to ?? null;
  const count = readItems(before).length;
  const items = `${count} ${count === 1 ? 'item' : 'items'}`;
  if (action === 'rename') return `“${from}” renamed to “${to}”`;
  if (action === 'merge') return `“${from}” merged into “${to}” (${items})`;
  if (action === 'delete') return `“${from}” deleted (${items})`;
  return to === null ? `${items} taken out of their categories` : `${items} moved to “${to}”`;
}

/** The last changes of a dataset's categories, the newest first. */
export async function categoryChanges({ prisma }: Database, datasetId: string, limit = 10): Promise<CategoryChange[]> {
  const where = { objectKind, objectId: datasetId };
  const all = await prisma.auditLog.findMany({ where, orderBy: [{ at: 'desc' }, { id: 'desc' }], take: 10 * limit });
  const undone = new Set(all.filter(({ action }) => action === 'undo').map(({ note }) => note));
  return all
    .filter(({ action }) => action !== 'undo')
    .slice(0, limit)
    .map(({ id, at, actor, ...change }) => ({ id, at, actor, sentence: sentenceOf(change), undone: undone.has(id) }));
}

/**
 * Takes a change of categories back: names and items are as they were, but for what was changed again since.
 *
 * @throws DuetError `not-found`, `conflict` where it was undone already or a name has been taken meanwhile
 */
export async function undoCategoryChange(db: Database, datasetId: string, changeId: string, author: Author = {}) {
  await changing(db, async (tx) => {
    const change = await tx.auditLog.findFirst({ where: { id: changeId, objectKind, objectId: datasetId } });
    if (change === null || change.action === 'undo') throw new DuetError('not-found', 'There is no such change.');
    const where = { objectKind, objectId: datasetId, action: 'undo', note: changeId };
    if ((await tx.auditLog.count({ where })) > 0) throw new DuetError('conflict', 'This was undone already.');
    const from = (change.before as { from?: string } | null)?.from ?? null;
    const to = (change.after as { to?: string } | null)?.to ?? null;
    if (change.action === 'rename') {
      const category = await find(tx, datasetId, to!);
      if ((await tx.category.count({ where: { datasetId, name: from! } })) > 0)
        throw new DuetError('conflict', `There is another category "${from}" by now.`);
      await tx.category.update({ where: { id: category.id }, data: { name: from! } });
      await tx.categoryAlias.deleteMany({ where: { datasetId, name: from! } });
      await put(tx, Object.keys(await itemsOf(tx, { categoryId: category.id })), category.id);
    } else {
      const now =
        to === null ? null : await tx.category.findUnique({ where: { datasetId_name: { datasetId, name: to } } });
      const ids = readItems(change.before).map(([id]) => id);
      const still = await itemsOf(tx, { id: { in: ids }, categoryId: now?.id ?? null });
      if (from !== null) await makeCategory(tx, datasetId, from);
      for (const [name, moved] of Map.groupBy(readItems(change.before), ([, was]) => was)) {
        const mine = moved.map(([id]) => id).filter((id) => id in still);
        await put(tx, mine, name === null ? null : (await makeCategory(tx, datasetId, name)).id);
      }
      await countItems(tx, datasetId);
    }
    const undo = { action: 'undo', objectKind, objectId: datasetId, before: null, after: null, note: changeId };
    await writeAudit(tx, author, undo);
  });
}
