'use client';

import { useState } from 'react';
import { formatPrice } from '../look/price.ts';
import type { ShopItem } from '../shop-item.ts';
import { AddToBasket } from './add-to-basket.tsx';
import { QuantityField } from './quantity-field.tsx';

/** The price of an item, how many, and the button that puts them into the basket. */
export function BuyBox({ item }: { item: ShopItem }) {
  const [quantity, setQuantity] = useState(1);
  if (item.priceMinor === null) return <p className="text-quiet">Not for sale at the moment.</p>;
  return (
    <>
      <p className="font-semibold text-2xl tabular-nums">{formatPrice(item.priceMinor, item.currency)}</p>
      <div className="flex flex-wrap items-center gap-3">
        <QuantityField label="Quantity" quantity={quantity} onChange={setQuantity} />
        <AddToBasket item={item} quantity={quantity} />
      </div>
    </>
  );
}
