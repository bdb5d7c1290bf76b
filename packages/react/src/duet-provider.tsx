'use client';

import { createDuetClient, type DuetClient, type DuetClientOptions } from '@duet/client';
import { createContext, type ReactNode, useContext, useEffect, useMemo, useRef, useState } from 'react';
import type { Touch } from './shown.ts';
import { openViewability, type Viewability } from './viewability.ts';

export interface DuetProviderProps {
  /** The retrieval service's address, as browsers reach it. */
  url: string;
  /** The publishable key (`pk_…`). */
  apiKey: string;
  /**
   * The visitor's signed id, which the shop's server makes with `signVisitor`. Without it Duet makes one at the first
   * call.
   */
  visitor?: string | undefined;
  /**
   * False while the visitor has agreed to nothing: lists are those that everybody gets, nothing is logged, no id is made.
   * Both begin once it is true.
   */
  consent?: boolean | undefined;
  /** How events are gathered and sent; read once, when the provider appears. */
  events?: DuetClientOptions['events'];
  children: ReactNode;
}

interface Opened {
  client: DuetClient;
  viewability: Viewability;
}

export interface Duet {
  /** Undefined on the server and in the first render. */
  client: DuetClient | undefined;
  /** Logs an event of an item; of an item that a list led to, with that list (`touchOf`). */
  log(event: Parameters<DuetClient['events']['log']>[0]): void;
  /** The list through which this tab last came to an item, for its cart and order; undefined where none did. */
  touchOf(itemId: string): Touch | undefined;
}

interface Tracking {
  viewability: Viewability | undefined;
  /** Logs once for a key, while the provider lives: going back shows the same answer again. */
  logOnce(key: string, event: Parameters<DuetClient['events']['log']>[0]): void;
  rememberTouch(itemId: string, touch: Touch): void;
}

const DuetContext = createContext<Duet | undefined>(undefined);
const TrackingContext = createContext<Tracking | undefined>(undefined);
const storageKey = 'duet-touches';

/** What this tab remembers of where its shopper met items; empty where storage is forbidden. */
function readTouches(): Record<string, Touch> {
  try {
    return JSON.parse(sessionStorage.getItem(storageKey) ?? '{}');
  } catch {
    return {};
  }
}

function writeTouch(itemId: string, touch: Touch): void {
  try {
    sessionStorage.setItem(storageKey, JSON.stringify({ ...readTouches(), [itemId]: touch }));
  } catch {
    // A full or forbidden storage costs only the credit of a later order.
  }
}

/** Connects the page to Duet: one client for all lists below it, which sends their events for as long as it is there. */
export function DuetProvider({ url, apiKey, visitor, consent, events, children }: DuetProviderProps) {
  const [opened, setOpened] = useState<Opened>();
  const eventOptions = useRef(events);
  const logged = useRef(new Set<string>());

  useEffect(() => {
    const client = createDuetClient({ url, apiKey, visitor, consent, events: eventOptions.current });
    const viewability = openViewability();
    setOpened({ client, viewability });
    return () => {
      setOpened(undefined);
      viewability.close();
      // What is not sent by then waits in the browser's storage for the next page.
      void client.close();
    };
  }, [url, apiKey, visitor, consent]);

  const duet = useMemo<Duet>(
    () => ({
      client: opened?.client,
      log: (event) => void opened?.client.events.log(event),
      touchOf: (itemId) => readTouches()[itemId],
    }),
    [opened],
  );
  const tracking = useMemo<Tracking>(
    () => ({
      viewability: opened?.viewability,
      logOnce(key, event) {
        if (logged.current.has(key) || opened === undefined) return;
        logged.current.add(key);
        opened.client.events.log(event);
      },
      rememberTouch: writeTouch,
    }),
    [opened],
  );
  return (
    <DuetContext value={duet}>
      <TrackingContext value={tracking}>{children}</TrackingContext>
    </DuetContext>
  );
}

function required<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('A list of Duet stands outside <DuetProvider>. Put it around the page.');
  return value;
}

/** The page's connection to Duet. @throws Error outside a `DuetProvider` */
export const useDuet = (): Duet => required(useContext(DuetContext));

/** @internal */
export const useTracking = (): Tracking => required(useContext(TrackingContext));
