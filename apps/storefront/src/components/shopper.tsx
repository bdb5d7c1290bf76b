'use client';

import { DuetProvider } from '@duet/react';
import { createContext, type ReactNode, useContext } from 'react';
import { eventTracking } from '../browser/events.ts';

const ShopperContext = createContext('');

interface Props {
  userId: string;
  /** The signed id, as Duet takes it from a page. */
  visitor: string | undefined;
  duet: { url: string; apiKey: string };
  children: ReactNode;
}

/** Who is shopping, for what needs to say so in the browser; and the page's connection to Duet. */
export function ShopperProvider({ userId, visitor, duet, children }: Props) {
  return (
    <DuetProvider {...duet} visitor={visitor} events={eventTracking}>
      <ShopperContext value={userId}>{children}</ShopperContext>
    </DuetProvider>
  );
}

export const useShopper = () => useContext(ShopperContext);
