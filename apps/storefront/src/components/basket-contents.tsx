'use client';

import { useDuet } from '@duet/react';
import Link from 'next/link';
import { useRouter } from 'next/navigation';
import { useState } from 'react';
import { type Basket, lastReceipt, removeLine, reprice, setQuantity, totalOf } from '../browser/basket.ts';
import { noteOrdered } from '../browser/events.ts';
import { useAlive } from '../browser/use-alive.ts';
import { useBasket } from '../browser/use-basket.ts';
import { formatPrice } from '../look/price.ts';
import { ProductPicture } from '../look/product-picture.tsx';
import { niceTitle } from '../look/title.ts';
import type { OrderAnswer, OrderRequest } from '../server/requests.ts';
import { QuantityField } from './quantity-field.tsx';
import { useShopper } from './shopper.tsx';

async function postOrder(order: OrderRequest): Promise<OrderAnswer> {
  try {
    const response = await fetch('/api/orders', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(order),
    });
    return (await response.json()) as OrderAnswer;
  } catch {
    return { status: 'try-again', message: 'The shop could not be reached.' };
  }
}

/** The basket's order: begun at the first press of Buy, the same at every further one until the basket changes. */
function orderOf(basket: Basket, userId: string): OrderRequest {
  const { orderId, placedAt } = basket.order ?? {
    orderId: crypto.randomUUID(),
    placedAt: new Date().toISOString(),
  };
  return {
    orderId,
    placedAt,
    userId,
    shownTotalMinor: totalOf(basket),
    lines: basket.lines.map(({ eventId, itemId, quantity, touch }) => ({
      eventId,
      itemId,
      quantity,
      ...(touch && { touch }),
    })),
  };
}

export function BasketContents() {
  const userId = useShopper();
  const { client } = useDuet();
  const router = useRouter();
  const [basket, changeBasket] = useBasket();
  const [buying, setBuying] = useState(false);
  const [notice, setNotice] = useState('');
  const alive = useAlive();

  const buy = async () => {
    setBuying(true);
    setNotice('');
    const order = orderOf(basket, userId);
    changeBasket((now) => ({ ...now, order: { orderId: order.orderId, placedAt: order.placedAt } }));
    // The clicks that led here arrive before the order does; where they cannot, they wait and the order does not.
    await client?.events.flush({ timeoutMs: 1_000 }).catch(() => undefined);
    const answer = await postOrder(order);
    setBuying(false);
    switch (answer.status) {
      case 'placed':
        lastReceipt.write(answer.receipt);
        noteOrdered(order.lines);
        changeBasket(() => ({ lines: [] }));
        router.push('/thank-you');
        break;
      case 'price-changed':
        changeBasket((now) => reprice(now, answer.prices));
        setNotice('Some prices have changed since you chose. Please look at the total again before you buy.');
        break;
      case 'try-again':
        setNotice('Your order could not be placed just now. Nothing was bought: press Buy again in a moment.');
        break;
      case 'refused':
        setNotice(`Your order was refused. ${answer.message}`);
    }
  };

  if (!alive) return <div role="status" aria-label="Loading" className="skeleton h-40" />;
  if (basket.lines.length === 0) {
    return (
      <div className="card flex flex-col items-center gap-4 p-12 text-center">
        <p className="text-quiet">Your basket is empty.</p>
        <Link href="/" className="button">
          See what we recommend
        </Link>
      </div>
    );
  }

  const { currency } = basket.lines[0]!;
  return (
    <div className="grid items-start gap-6 lg:grid-cols-[1fr_20rem]">
      <ul className="card divide-y divide-line overflow-hidden">
        {basket.lines.map((line) => (
          <BasketLine
            key={line.itemId}
            line={line}
            onQuantity={(quantity) => changeBasket((now) => setQuantity(now, line.itemId, quantity))}
            onRemove={() => changeBasket((now) => removeLine(now, line.itemId))}
          />
        ))}
      </ul>
      <div className="card flex flex-col gap-4 p-5">
        <p className="flex items-baseline justify-between">
          <span>Total</span>
          <span className="font-bold text-2xl tabular-nums">{formatPrice(totalOf(basket), currency)}</span>
        </p>
        <button type="button" className="button" onClick={buy} disabled={buying}>
          {buying ? 'Buying…' : 'Buy'}
        </button>
        <p role="alert" className="text-bad text-sm empty:hidden">
          {notice}
        </p>
        <p className="text-quiet text-sm">A demo: nothing is charged and nothing is sent.</p>
      </div>
    </div>
  );
}

interface BasketLineProps {
  line: Basket['lines'][number];
  onQuantity: (quantity: number) => void;
  onRemove: () => void;
}

function BasketLine({ line, onQuantity, onRemove }: BasketLineProps) {
  return (
    <li className="flex gap-4 p-3 sm:p-4">
      <ProductPicture {...line} className="size-20 shrink-0 rounded-xl sm:size-24" />
      <div className="flex min-w-0 flex-1 flex-col gap-2 sm:flex-row sm:items-center sm:gap-6">
        <div className="min-w-0 flex-1">
          <Link
            href={`/item/${encodeURIComponent(line.itemId)}`}
            prefetch={false}
            className="font-medium hover:underline"
          >
            {niceTitle(line.title)}
          </Link>
          <p className="text-quiet text-sm">{formatPrice(line.priceMinor, line.currency)} each</p>
        </div>
        <div className="flex items-center gap-4">
          <QuantityField
            label={`Quantity of ${niceTitle(line.title)}`}
            quantity={line.quantity}
            onChange={onQuantity}
          />
          <span className="min-w-16 text-right font-semibold tabular-nums">
            {formatPrice(line.priceMinor * line.quantity, line.currency)}
          </span>
          <button
            type="button"
            onClick={onRemove}
            aria-label={`Remove ${niceTitle(line.title)}`}
            className="grid size-11 place-items-center rounded-full text-quiet text-xl hover:bg-tint hover:text-ink"
          >
            ×
          </button>
        </div>
      </div>
    </li>
  );
}
