'use client';

import { useDuet, useShownItem } from '@duet/react';
import { useEffect, useState } from 'react';
import { addLine } from '../browser/basket.ts';
import { useBasket } from '../browser/use-basket.ts';
import { niceTitle } from '../look/title.ts';
import type { ShopItem } from '../shop-item.ts';

/** Puts an item into the basket and logs it, credited to the list it stands in, or else to the one that led to it. */
export function AddToBasket(props: { item: ShopItem; quantity?: number; small?: boolean }) {
  const { item, quantity = 1, small = false } = props;
  const shown = useShownItem();
  const { log, touchOf } = useDuet();
  const [, changeBasket] = useBasket();
  const [added, setAdded] = useState(0);

  useEffect(() => {
    if (added === 0) return;
    const timer = setTimeout(() => setAdded(0), 2_500);
    return () => clearTimeout(timer);
  }, [added]);

  if (item.priceMinor === null) return null;
  if (!item.inStock) return <span className="text-quiet text-sm">Out of stock</span>;
  const { itemId, title, category, priceMinor, currency } = item;
  const add = () => {
    const touch = shown?.touch ?? touchOf(itemId);
    changeBasket((basket) =>
      addLine(basket, { itemId, title, category, priceMinor, currency, quantity, ...(touch && { touch }) }),
    );
    if (shown) shown.log('cart', { quantity });
    else log({ ...touch, type: 'cart', itemId, quantity });
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
