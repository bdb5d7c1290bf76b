'use client';

import Link from 'next/link';
import { countOf } from '../browser/basket.ts';
import { useBasket } from '../browser/use-basket.ts';

export function BasketLink() {
  const [basket] = useBasket();
  const count = countOf(basket);
  return (
    <Link
      href="/basket"
      className="flex items-center gap-2 rounded-full border border-line px-3 py-2 text-sm hover:border-accent"
      aria-label={`Basket, ${count} ${count === 1 ? 'item' : 'items'}`}
    >
      <svg
        viewBox="0 0 24 24"
        className="size-5"
        fill="none"
        stroke="currentColor"
        strokeWidth="1.800"
        aria-hidden="true"
      >
        <path d="M3 9h18l-2 11H5L3 9Zm5 0 3-6m5 6-3-6" strokeLinecap="round" strokeLinejoin="round" />
      </svg>
      <span className="hidden sm:inline">Basket</span>
      {count > 0 && (
        <span className="min-w-5 rounded-full bg-accent px-1.5 text-center font-semibold text-on-accent text-xs leading-5">
          {count}
        </span>
      )}
    </Link>
  );
}
