'use client';

import { Recommendations } from '@duet/react';
import { useBasket } from '../browser/use-basket.ts';
import { ItemCard } from './item-card.tsx';
import { grid } from './item-grid.tsx';

/** What goes with the basket, which only the browser knows: it asks Duet itself, with the shop's publishable key. */
export function BasketCompanions() {
  const [basket] = useBasket();
  const { currency } = basket.lines[0] ?? {};
  if (currency === undefined) return null;
  return (
    <Recommendations
      list="boughtTogether"
      placement="basket"
      itemIds={basket.lines.map(({ itemId }) => itemId).slice(0, 100)}
      k={4}
      label="Goes well with your basket"
      heading={<h2 className="mb-6 font-bold text-2xl">Goes well with your basket</h2>}
      className="list"
      listClassName={grid}
      failed={null}
    >
      {(item) => <ItemCard item={{ ...item, currency }} />}
    </Recommendations>
  );
}
