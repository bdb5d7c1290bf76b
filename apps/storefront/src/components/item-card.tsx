'use client';

import Link from 'next/link';
import { useEffect, useRef } from 'react';
import { logEvent } from '../browser/events.ts';
import { whenSeen } from '../browser/seen.ts';
import { rememberTouch } from '../browser/touch.ts';
import { formatPrice } from '../look/price.ts';
import { ProductPicture } from '../look/product-picture.tsx';
import { niceTitle } from '../look/title.ts';
import type { Touch } from '../server/requests.ts';
import { AddToBasket } from './add-to-basket.tsx';
import type { ShopItem, ShownList } from './shop-item.ts';
import { useShopper } from './shopper.tsx';

/** The reason in the shop's own way of writing titles. */
const reasonText = ({ kind, text, title }: NonNullable<ShopItem['reason']>): string =>
  title === undefined ? text : `Because you ${kind === 'bought-together' ? 'bought' : 'looked at'} ${niceTitle(title)}`;

/** Lists and items whose impression was logged while this page lives: going back shows the same answer again. */
const logged = new Set<string>();

/** One recommended item. Seeing it logs an impression, once for each answer of Duet; opening it logs a click. */
export function ItemCard({ item, list, position }: { item: ShopItem; list: ShownList; position: number }) {
  const { itemId, category } = item;
  const { placement, requestId, experimentId } = list;
  const armId = item.armId ?? list.armId;
  const userId = useShopper();
  const card = useRef<HTMLElement>(null);
  const key = `${list.id} ${itemId}`;
  const touch: Touch = {
    placement,
    position,
    ...(requestId && { requestId }),
    ...(experimentId && armId && { experimentId, armId }),
  };

  const seen = () => {
    if (logged.has(key)) return;
    logged.add(key);
    const { propensity } = item;
    logEvent({ ...touch, ...(propensity && { propensity }), type: 'impression', userId, itemId });
  };

  // biome-ignore lint/correctness/useExhaustiveDependencies: the key stands for the answer and the item, and so for all that `seen` logs.
  useEffect(() => {
    if (card.current && !logged.has(key)) return whenSeen(card.current, seen);
  }, [key, userId]);

  const open = () => {
    seen(); // whoever opens a card has seen it, however quickly: no click without an impression
    rememberTouch(itemId, touch);
    logEvent({ ...touch, type: 'click', userId, itemId });
  };

  return (
    <article ref={card} className="card group relative flex flex-col overflow-hidden transition-shadow hover:shadow-lg">
      <Link
        href={`/item/${encodeURIComponent(itemId)}`}
        prefetch={false}
        onClick={open}
        className="flex flex-1 flex-col focus-visible:outline-offset-[-3px]"
      >
        <ProductPicture {...item} className="aspect-square w-full" />
        <span className="flex flex-1 flex-col gap-1 px-3 pt-3 sm:px-4">
          <span className="text-quiet text-xs">{category ?? 'Gifts'}</span>
          <span className="line-clamp-2 font-medium text-sm leading-snug group-hover:underline sm:text-base">
            {niceTitle(item.title)}
          </span>
          {item.reason && <span className="line-clamp-2 text-quiet text-xs">{reasonText(item.reason)}</span>}
        </span>
      </Link>
      <div className="flex flex-wrap items-center justify-between gap-2 p-3 sm:p-4">
        <span className="font-semibold tabular-nums">
          {item.priceMinor === null ? 'Not for sale' : formatPrice(item.priceMinor, item.currency)}
        </span>
        <AddToBasket item={item} touch={touch} small />
      </div>
    </article>
  );
}
