import { createDuetClient, type LoggedEvent } from '@duet/client';
import type { OrderAnswer, OrderRequest } from './requests.ts';
import { ask } from './retrieval.ts';
import { settings } from './settings.ts';

const deliveryMs = 4_000;

/**
 * Hands an order's events to Duet and waits until it has them, by a client of their own: what it refuses is of this
 * order. Where this throws, the same events are sent again at the next press, and Duet drops those it has.
 *
 * @returns why events were refused
 * @throws DuetClientError `timeout` where the retrieval service did not take them in time
 */
async function deliver(events: LoggedEvent[]): Promise<string[]> {
  const { retrievalUrl: url, apiKey } = settings();
  const refusals: string[] = [];
  let isWaiting = true;
  const onDrop = (_: unknown, reason: string) => {
    if (isWaiting) refusals.push(reason);
  };
  const duet = createDuetClient({ url, apiKey, timeoutMs: 3_000, events: { onDrop } });
  try {
    duet.events.log(...events);
    await duet.events.flush({ timeoutMs: deliveryMs });
  } finally {
    isWaiting = false;
    await duet.close({ timeoutMs: 0 });
  }
  return refusals;
}

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

  const events = lines.map(
    ({ eventId, itemId, quantity, touch, priceMinor }): LoggedEvent => ({
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
    }),
  );
  try {
    const [refusal] = await deliver(events);
    if (refusal !== undefined) return { status: 'refused', message: refusal };
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
