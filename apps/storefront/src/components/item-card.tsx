import { NotInterested } from '@duet/react';
import Link from 'next/link';
import { formatPrice } from '../look/price.ts';
import { ProductPicture } from '../look/product-picture.tsx';
import { niceTitle } from '../look/title.ts';
import type { ShopItem } from '../shop-item.ts';
import { AddToBasket } from './add-to-basket.tsx';

/** The reason in the shop's own way of writing titles. */
const reasonText = ({ kind, text, title }: NonNullable<ShopItem['reason']>): string =>
  title === undefined ? text : `Because you ${kind === 'bought-together' ? 'bought' : 'looked at'} ${niceTitle(title)}`;

/** One item of a list. The list that it stands in logs that it was seen and opened. */
export function ItemCard({ item }: { item: ShopItem }) {
  const { itemId, category } = item;
  return (
    <article className="card group relative flex h-full flex-col overflow-hidden transition-shadow hover:shadow-lg">
      <Link
        href={`/item/${encodeURIComponent(itemId)}`}
        prefetch={false}
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
        <AddToBasket item={item} small />
        {item.reason && (
          <NotInterested
            label={`Not interested in ${niceTitle(item.title)}`}
            className="text-quiet text-xs underline-offset-2 hover:underline"
          />
        )}
      </div>
    </article>
  );
}
