import { z } from 'zod';

/** What the browser may send to this shop's own server: parsed here, trusted afterwards. */

export const userIdSchema = z.string().regex(/^[\x21-\x7e]{1,128}$/, 'must be 1 to 128 printable characters');
const itemId = z.string().min(1).max(128);

/** Where a shopper met an item: enough for Duet to say which arm of which experiment earned what follows. */
const touch = z.strictObject({
  placement: z.string().min(1).max(64),
  /** Place in the list, from 0. */
  position: z.int().min(0).max(9_999),
  requestId: z.guid().optional(),
  experimentId: z.guid().optional(),
  armId: z.guid().optional(),
});
export type Touch = z.infer<typeof touch>;

const orderLine = z.strictObject({
  eventId: z.uuid(),
  itemId,
  quantity: z.int().min(1).max(999),
  touch: touch.optional(),
});

/**
 * `orderId`, `placedAt` and the lines' `eventId`s are made once in the browser, so that a repeated press orders once.
 */
export const orderRequest = z.strictObject({
  orderId: z.uuid(),
  placedAt: z.iso.datetime(),
  userId: userIdSchema,
  /** What the shopper was shown. The order is refused where the catalogue says otherwise. */
  shownTotalMinor: z.int().min(0),
  lines: z.array(orderLine).min(1).max(100),
});
export type OrderRequest = z.infer<typeof orderRequest>;

export interface Receipt {
  orderId: string;
  placedAt: string;
  currency: string;
  totalMinor: number;
  lines: { itemId: string; title: string; category: string | null; quantity: number; priceMinor: number }[];
}

export type OrderAnswer =
  | { status: 'placed'; receipt: Receipt }
  | { status: 'price-changed'; prices: { itemId: string; priceMinor: number | null }[] }
  | { status: 'refused' | 'try-again'; message: string };
