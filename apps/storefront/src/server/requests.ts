import { z } from 'zod';

/** What the browser may send to this shop's own route handlers: parsed here, trusted afterwards. */

export const userIdSchema = z.string().regex(/^[\x21-\x7e]{1,128}$/, 'must be 1 to 128 printable characters');
const itemId = z.string().min(1).max(128);

/** Where a shopper met an item: enough for Duet to say which arm of which experiment earned what follows. */
const touch = z.strictObject({
  placement: z.string().min(1).max(64),
  /** Place in the list, from 0. */
  position: z.int().min(0).max(999),
  requestId: z.guid().optional(),
  experimentId: z.guid().optional(),
  armId: z.guid().optional(),
});
export type Touch = z.infer<typeof touch>;

/** Orders are not among them: their value is for the server to say (`orderRequest`). */
const shopEvent = touch.partial().extend({
  eventId: z.uuid(),
  type: z.enum(['impression', 'click', 'cart']),
  occurredAt: z.iso.datetime(),
  userId: userIdSchema,
  itemId,
  quantity: z.int().min(1).max(999).optional(),
  propensity: z.number().gt(0).max(1).optional(),
});
export type ShopEvent = z.infer<typeof shopEvent>;

export const eventBatch = z.strictObject({ events: z.array(shopEvent).min(1).max(100) });

/** Which events were kept from Duet, and why; all others have arrived. */
export interface EventsAnswer {
  arrived: number;
  refused: { eventId: string; reason: string }[];
}

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
