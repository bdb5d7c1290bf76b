'use client';

import { createContext, type ReactNode, useContext, useEffect } from 'react';
import { startSending } from '../browser/events.ts';

const ShopperContext = createContext('');

/**
 * Who is shopping, for what needs to say so in the browser; and the sending of events for as long as the page lives.
 */
export function ShopperProvider({ userId, children }: { userId: string; children: ReactNode }) {
  useEffect(startSending, []);
  return <ShopperContext value={userId}>{children}</ShopperContext>;
}

export const useShopper = () => useContext(ShopperContext);
