import { DuetError } from '@duet/base';
import { type Author, type Database, type Dataset, EventType, writeAudit } from '@duet/db';
import { z } from 'zod';

/** Names that events have without being declared. */
const fixedTypes = Object.values(EventType).filter((type) => type !== 'own') as string[];

const eventType = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z][a-z0-9_-]{0,49}$/, 'must be a word such as wishlist')
    .refine((name) => !fixedTypes.includes(name) && name !== 'own', 'is the name of a fixed type'),
  /** What it says of an item, where a purchase weighs 1: below zero that the user does not want it. */
  weight: z.number().min(-10).max(10),
  /** Whether it hides the item from the user's recommendations, as a purchase does. */
  hides: z.boolean().default(false),
});

/** Days that logged events are kept at most, which is also what a type without a number of its own is kept. */
export const mostKeptDays = 90;

const fields = {
  /** BCP 47 tag of the language that shoppers are told reasons in. */
  language: z.string().regex(/^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$/, 'must be a language such as en or de'),
  /** Impressions without a click after which an item's score is halved for a user, once for each as many; 0: never. */
  demoteAfter: z.int().min(0).max(1_000),
  /** Types of events beside the fixed ones. */
  eventTypes: z
    .array(eventType)
    .max(50)
    .refine((types) => new Set(types.map(({ name }) => name)).size === types.length, 'has a name twice'),
  /** Days that the events of a type are kept, by its name; {@link mostKeptDays} where it is not said. */
  keepDays: z.record(
    z.string().regex(/^[a-z][a-z0-9_-]{0,49}$/, 'must be a type of events'),
    z.int().min(1).max(mostKeptDays),
  ),
};

/** What a shop decides about its lists and events, whichever model answers. */
export const storefrontSettings = z.strictObject({
  language: fields.language.default('en'),
  demoteAfter: fields.demoteAfter.default(0),
  eventTypes: fields.eventTypes.default([]),
  keepDays: fields.keepDays.default({}),
});
export type StorefrontSettings = z.infer<typeof storefrontSettings>;
/** The same with what is a column of the dataset. */
export const shopSettings = storefrontSettings.extend({
  /** Whether lists show items that are out of stock, where a request says nothing of the stock. */
  showOutOfStock: z.boolean(),
});
export type ShopSettings = z.infer<typeof shopSettings>;
/** What of them is changed; the rest stays. */
export const storefrontPatch = z.strictObject({ ...fields, showOutOfStock: z.boolean() }).partial();

type Stored = Pick<Dataset, 'storefront' | 'showOutOfStock'>;

/** `Dataset.storefront`, and the column, as they were checked when they were stored. */
export const parseShop = ({ storefront, showOutOfStock }: Stored): ShopSettings => ({
  ...parseStorefront(storefront),
  showOutOfStock,
});

/** `Dataset.storefront`, as it was checked when it was stored. */
export const parseStorefront = (stored: unknown): StorefrontSettings => storefrontSettings.parse(stored ?? {});

/** What a shop has decided, also of the stock. @throws DuetError `not-found` */
export async function storefrontOf(
  { prisma }: { prisma: Pick<Database['prisma'], 'dataset'> },
  datasetId: string,
): Promise<ShopSettings> {
  const select = { storefront: true, showOutOfStock: true };
  const row = await prisma.dataset.findUnique({ where: { id: datasetId }, select });
  if (row === null) throw new DuetError('not-found', `There is no dataset ${datasetId}.`);
  return parseShop(row);
}

/**
 * Changes what a shop decides; services follow within two looks.
 *
 * @throws DuetError `bad-input` naming the field, `not-found`
 */
export function setStorefront(
  { prisma }: Database,
  datasetId: string,
  patch: z.input<typeof storefrontPatch>,
  author: Author,
): Promise<ShopSettings> {
  return prisma.$transaction(async (tx) => {
    const before = await storefrontOf({ prisma: tx }, datasetId);
    const changes = Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined));
    const { showOutOfStock, ...settings } = { ...before, ...changes };
    const parsed = storefrontSettings.safeParse(settings);
    if (!parsed.success) {
      const { path, message } = parsed.error.issues[0]!;
      throw new DuetError('bad-input', `${message}.`, { where: { field: path.join('.') } });
    }
    await tx.dataset.update({ where: { id: datasetId }, data: { storefront: parsed.data, showOutOfStock } });
    const changed = { action: 'set storefront', objectKind: 'dataset', objectId: datasetId };
    const after = { ...parsed.data, showOutOfStock };
    await writeAudit(tx, author, { ...changed, before, after });
    return after;
  });
}
