'use client';

import { useEffect, useState } from 'react';
import { addLine } from '../browser/basket.ts';
import { logEvent } from '../browser/events.ts';
import { lastTouch } from '../browser/touch.ts';
import { useBasket } from '../browser/use-basket.ts';
import { niceTitle } from '../look/title.ts';
import type { Touch } from '../server/requests.ts';
import type { ShopItem } from './shop-item.ts';
import { useShopper } from './shopper.tsx';

/** Puts an item into the basket and logs it, credited to `touch` or else to the list that led to the item. */
export function AddToBasket(props: { item: ShopItem; touch?: Touch; quantity?: number; small?: boolean }) {
  const { item, quantity = 1, small = false } = props;
  const userId = useShopper();
  const [, changeBasket] = useBasket();
  const [added, setAdded] = useState(0);

  useEffect(() => {
    if (added === 0) return;
    const timer = setTimeout(() => setAdded(0), 2_500);
    return () => clearTimeout(timer);
  }, [added]);

  if (item.priceMinor === null) return null;
  const { itemId, title, category, priceMinor, currency } = item;
  const add = () => {
    const touch = props.touch ?? lastTouch(itemId);
    changeBasket((basket) =>
      addLine(basket, { itemId, title, category, priceMinor, currency, quantity, ...(touch && { touch }) }),
    );
    logEvent({ ...touch, type: 'cart', userId, itemId, quantity });
    setAdded((times) => times + 1);
  };
  return (
    <>
      <button
        type="button"
        onClick={add}
        aria-label={small ? `Add ${niceTitle(title)} to basket` : undefined}
        className={small ? 'button button-quiet min-h-10 px-3 py-1 text-sm' : 'button'}
      >
        {added > 0 ? 'Added ✓' : small ? 'Add' : 'Add to basket'}
      </button>
      <span role="status" className="sr-only">
        {added > 0 ? `${niceTitle(title)} is in the basket` : ''}
      </span>
    </>
  );
}
