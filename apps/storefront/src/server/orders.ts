import type { LoggedEvent } from '@duet/client';
import { deliver } from './delivery.ts';
import type { OrderAnswer, OrderRequest } from './requests.ts';
import { ask } from './retrieval.ts';

/**
 * Places an order: asks the catalogue for every price, refuses where the shopper was shown another total, and logs one
 * `order` event a line, whose value is price × quantity. It is placed once Duet has the events.
 */
export async function placeOrder(order: OrderRequest): Promise<OrderAnswer> {
  const asked = await ask((duet) => Promise.all(order.lines.map(({ itemId }) => duet.catalogue.item({ itemId }))));
  if (!asked.ok) {
    return asked.code === 'not-found'
      ? { status: 'refused', message: 'Something in the basket is no longer sold.' }
      : { status: 'try-again', message: asked.message };
  }
  const items = asked.value;
  const currency = items[0]!.currency;
  const lines = order.lines.map((line, at) => ({ ...line, item: items[at]!, priceMinor: items[at]!.priceMinor }));
  const totalMinor = lines.reduce((sum, { priceMinor, quantity }) => sum + (priceMinor ?? Number.NaN) * quantity, 0);
  if (totalMinor !== order.shownTotalMinor) {
    return { status: 'price-changed', prices: lines.map(({ itemId, priceMinor }) => ({ itemId, priceMinor })) };
  }

  const events = lines.map(({ eventId, itemId, quantity, touch, priceMinor }): LoggedEvent & { eventId: string } => ({
    ...touch,
    eventId,
    type: 'order',
    occurredAt: order.placedAt,
    userId: order.userId,
    itemId,
    orderId: order.orderId,
    quantity,
    valueMinor: priceMinor! * quantity,
    currency,
  }));
  try {
    const { refused } = await deliver(events);
    if (refused.length > 0) return { status: 'refused', message: refused[0]!.reason };
  } catch (cause) {
    return { status: 'try-again', message: (cause as Error).message };
  }
  return {
    status: 'placed',
    receipt: {
      orderId: order.orderId,
      placedAt: order.placedAt,
      currency,
      totalMinor,
      lines: lines.map(({ item, itemId, quantity, priceMinor }) => ({
        itemId,
        title: item.title,
        category: item.category,
        quantity,
        priceMinor: priceMinor!,
      })),
    },
  };
}
