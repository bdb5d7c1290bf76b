'use client';

import Link from 'next/link';
import { useSyncExternalStore } from 'react';
import { lastReceipt } from '../browser/basket.ts';
import { useAlive } from '../browser/use-alive.ts';
import { formatPrice } from '../look/price.ts';
import { ProductPicture } from '../look/product-picture.tsx';
import { niceTitle } from '../look/title.ts';

/** What this tab bought last, as the server confirmed it. */
export function LastReceipt() {
  const receipt = useSyncExternalStore(lastReceipt.subscribe, lastReceipt.read, () => null);
  if (!useAlive()) return <div role="status" aria-label="Loading" className="skeleton mx-auto h-64 max-w-xl" />;
  return (
    <div className="mx-auto max-w-xl">
      <h1 className="page-title">{receipt ? 'Thank you!' : 'No order yet'}</h1>
      {receipt && (
        <>
          <p className="mb-6 text-quiet">
            Your order is placed. Its number is{' '}
            <abbr className="font-mono no-underline" title={receipt.orderId}>
              {receipt.orderId.slice(0, 8).toUpperCase()}
            </abbr>
            .
          </p>
          <ul className="card mb-6 divide-y divide-line overflow-hidden">
            {receipt.lines.map((line) => (
              <li key={line.itemId} className="flex items-center gap-4 p-3">
                <ProductPicture {...line} className="size-14 shrink-0 rounded-lg" />
                <span className="min-w-0 flex-1">
                  {niceTitle(line.title)} <span className="text-quiet">× {line.quantity}</span>
                </span>
                <span className="tabular-nums">{formatPrice(line.priceMinor * line.quantity, receipt.currency)}</span>
              </li>
            ))}
            <li className="flex justify-between p-4 font-semibold">
              <span>Total</span>
              <span className="tabular-nums">{formatPrice(receipt.totalMinor, receipt.currency)}</span>
            </li>
          </ul>
        </>
      )}
      <Link href="/" className="button">
        {receipt ? 'Keep browsing' : 'See what we recommend'}
      </Link>
    </div>
  );
}
