import { type Author, type Connection, type Database, isStorable, unstorableReason, writeAudit } from '@duet/db';
import { z } from 'zod';
import { judgeEvent } from '../parts/event-weights.ts';
import { largestPrice } from '../shape.ts';
import { type StoredItem, writeItems, writeUsers } from '../write/catalogue.ts';
import { inTransaction } from '../write/transaction.ts';

const id = z.string().trim().min(1).max(200);
const attributeValue = z.union([
  z.string().max(10_000),
  z.number(),
  z.boolean(),
  z.array(z.string().max(1000)).max(1000),
]);

/** What can be said of an item. */
const fields = {
  title: z.string().trim().max(1000),
  /** By name; one that is new is made. */
  category: z.string().trim().min(1).max(200).nullable(),
  /** In minor units of the dataset's currency. */
  priceMinor: z.int().min(0).max(largestPrice).nullable(),
  inStock: z.boolean(),
};

/** An item as it is from now on: what is not said is empty. */
const put = z.strictObject({
  op: z.literal('put').optional(),
  itemId: id,
  title: fields.title.default(''),
  category: fields.category.default(null),
  priceMinor: fields.priceMinor.default(null),
  inStock: fields.inStock.default(true),
  attributes: z.record(z.string().min(1).max(200), attributeValue).default({}),
});

/** What changes of an item, as JSON Merge Patch (RFC 7396): an attribute that is null goes. */
const patch = z.strictObject({
  op: z.literal('patch'),
  itemId: id,
  ...z.object(fields).partial().shape,
  attributes: z.record(z.string().min(1).max(200), attributeValue.nullable()).optional(),
});

/** An item that is shown no more. It stays in the catalogue: purchases refer to it. */
const remove = z.strictObject({ op: z.literal('delete'), itemId: id });

export const itemWrites = { put, patch, delete: remove };
type ItemWrite = z.output<typeof put> | z.output<typeof patch> | z.output<typeof remove>;

/** What became of one row of a batch. */
export interface RowResult {
  id: string | null;
  result: 'added' | 'updated' | 'unchanged' | 'accepted' | 'rejected';
  /** Why it was rejected. */
  reason?: string;
}

const rejected = (row: unknown, field: string, reason: string): RowResult => {
  const named = (row as Record<string, unknown> | null)?.[field];
  return { id: typeof named === 'string' ? named : null, result: 'rejected', reason };
};

/** A row as its schema has it, or why it cannot be written. */
function readRow<Row>(schema: z.ZodType<Row>, row: unknown): { data: Row } | { reason: string } {
  if (!isStorable(row)) return { reason: `a text of it ${unstorableReason}` };
  const read = schema.safeParse(row);
  return read.success ? { data: read.data } : { reason: reasonOf(read.error) };
}

const reasonOf = ({ issues: [issue] }: z.ZodError): string =>
  issue!.path.length > 0 ? `${issue!.path.join('.')}: ${issue!.message}` : issue!.message;

/**
 * Writes a batch of items, each row by itself: one that is wrong costs no other. Rows of one item are taken in their
 * order. The services follow within a second of the commit.
 *
 * @returns what became of each row, in their order
 */
export async function writeItemBatch(
  db: Database,
  datasetId: string,
  rows: readonly unknown[],
  author: Author = {},
): Promise<RowResult[]> {
  const results: RowResult[] = new Array(rows.length);
  const parsed: { at: number; write: ItemWrite }[] = [];
  rows.forEach((row, at) => {
    const op = (row as { op?: unknown } | null)?.op ?? 'put';
    const schema = typeof op === 'string' && op in itemWrites ? itemWrites[op as keyof typeof itemWrites] : undefined;
    const read = schema && readRow<ItemWrite>(schema, row);
    if (read && 'data' in read) parsed.push({ at, write: read.data });
    else results[at] = rejected(row, 'itemId', read?.reason ?? 'op: is neither put nor patch nor delete');
  });
  const written = await inTransaction(db, async (client) => {
    const items = await currentItems(client, datasetId, [...new Set(parsed.map(({ write }) => write.itemId))]);
    const changed = new Set<string>();
    const taken: { at: number; itemId: string }[] = [];
    for (const { at, write } of parsed) {
      const { itemId } = write;
      const next = applied(items.get(itemId), write);
      if (next === undefined) {
        results[at] = { id: itemId, result: 'rejected', reason: `itemId: there is no item ${itemId}` };
        continue;
      }
      items.set(itemId, next);
      changed.add(itemId);
      taken.push({ at, itemId });
    }
    // In one order, so that two batches wait for each other and never in a circle.
    const written = await writeItems(
      client,
      datasetId,
      [...changed].sort().map((itemId) => items.get(itemId)!),
    );
    for (const { at, itemId } of taken) {
      const result = written.added.has(itemId) ? 'added' : written.updated.has(itemId) ? 'updated' : 'unchanged';
      results[at] = { id: itemId, result };
    }
    return written;
  });
  const after = { added: written.added.size, updated: written.updated.size };
  if (after.added + after.updated > 0) {
    const change = { action: 'write items', objectKind: 'dataset', objectId: datasetId };
    await writeAudit(db.prisma, author, { ...change, before: null, after });
  }
  return results;
}

/** Items as they are, locked until the transaction ends. */
async function currentItems(client: Connection, datasetId: string, ids: string[]): Promise<Map<string, StoredItem>> {
  const { rows } = await client.query<StoredItem>(
    `SELECT i."externalId", i.title, c.name AS category, i."priceMinor", i."inStock", i.attributes,
       i."withdrawnAt" IS NOT NULL AS withdrawn
     FROM "Item" i LEFT JOIN "Category" c ON c.id = i."categoryId"
     WHERE i."datasetId" = $1 AND i."externalId" = ANY($2) ORDER BY i."externalId" FOR UPDATE OF i`,
    [datasetId, ids],
  );
  return new Map(rows.map((row) => [row.externalId, row]));
}

/** An item after a write; undefined where the write is of one that there is not. */
function applied(item: StoredItem | undefined, write: ItemWrite): StoredItem | undefined {
  if (write.op === 'delete') return item && { ...item, withdrawn: true };
  const { op, itemId, attributes, ...fields } = write;
  if (op !== 'patch') {
    return {
      ...(fields as Omit<z.output<typeof put>, 'op' | 'itemId' | 'attributes'>),
      externalId: itemId,
      withdrawn: false,
      attributes: attributes!,
    };
  }
  if (item === undefined) return undefined;
  const merged = Object.entries({ ...item.attributes, ...attributes }).filter(([, value]) => value !== null);
  return { ...item, ...fields, attributes: Object.fromEntries(merged) };
}

export const userWrite = z.strictObject({
  userId: id,
  /** A query's text. */
  title: z.string().trim().max(1000).default(''),
  attributes: z.record(z.string().min(1).max(200), attributeValue).default({}),
});

/**
 * Writes what is known of users, each row by itself; of several rows of a user the last counts. Snapshots have it from
 * then on.
 */
export async function writeUserBatch(db: Database, datasetId: string, rows: readonly unknown[]): Promise<RowResult[]> {
  const users = new Map<string, z.output<typeof userWrite>>();
  const results = rows.map((row): RowResult => {
    const read = readRow(userWrite, row);
    if ('reason' in read) return rejected(row, 'userId', read.reason);
    users.set(read.data.userId, read.data);
    return { id: read.data.userId, result: 'accepted' };
  });
  const stored = [...users.values()]
    .sort((a, b) => (a.userId < b.userId ? -1 : 1))
    .map(({ userId, ...fields }) => ({ externalId: userId, ...fields }));
  await inTransaction(db, (client) => writeUsers(client, datasetId, stored));
  return results;
}

export const interactionWrite = z.strictObject({
  userId: id,
  itemId: id,
  /** ISO 8601 with a zone. */
  time: z.iso.datetime({ offset: true }),
  /** What happened: purchase, cart, view …; a purchase where nothing is said. */
  event: z.string().trim().min(1).max(100).default('purchase'),
  orderId: id.optional(),
  quantity: z.number().positive().optional(),
  /** What the row is worth, in minor units of the dataset's currency. */
  valueMinor: z.number().optional(),
});

/**
 * Takes interactions of the past, each row by itself. The next fold makes a part of them, without those that the
 * dataset has.
 */
export async function writeInteractionBatch(
  db: Database,
  datasetId: string,
  rows: readonly unknown[],
  { now = new Date() }: { now?: Date } = {},
): Promise<RowResult[]> {
  // As for events: a clock may be a little ahead.
  const latest = now.getTime() + 5 * 60_000;
  const { settings } = await db.prisma.dataset.findUniqueOrThrow({ where: { id: datasetId } });
  const taken: object[] = [];
  const results = rows.map((row): RowResult => {
    const read = readRow(interactionWrite, row);
    if ('reason' in read) return rejected(row, 'userId', read.reason);
    const { userId, itemId, time, event, orderId = null, quantity = null, valueMinor = null } = read.data;
    if (Date.parse(time) > latest) return rejected(row, 'userId', 'time: lies in the future');
    const judged = judgeEvent(settings as object, event);
    if (judged === undefined) return rejected(row, 'userId', `event: the dataset gives "${event}" no weight`);
    const at = { time: Date.parse(time) / 1000, kind: event, ...judged };
    taken.push({ userId, itemId, orderId, quantity, valueMinor, ...at });
    return { id: userId, result: 'accepted' };
  });
  await db.pool.query(
    `INSERT INTO "PendingInteraction" ("datasetId", row) SELECT $1, row FROM jsonb_array_elements($2::jsonb) AS row
     ON CONFLICT DO NOTHING`,
    [datasetId, JSON.stringify(taken)],
  );
  return results;
}
