'use client';

import { useSyncExternalStore } from 'react';
import { useShopper } from '../components/shopper.tsx';
import { type Basket, basketOf } from './basket.ts';

const empty: Basket = { lines: [] };
// One for each shopper would stay in the server's memory.
const onServer = { read: () => empty, write: () => undefined, subscribe: () => () => undefined };
/** The shopper's basket and how to replace it. On the server, and until the page is alive, it is empty. */
export function useBasket(): [Basket, (change: (basket: Basket) => Basket) => void] {
  const userId = useShopper();
  const store = typeof window === 'undefined' ? onServer : basketOf(userId);
  const basket = useSyncExternalStore(store.subscribe, store.read, () => empty);
  return [basket, (change) => store.write(change(store.read()))];
}
