import type { EventsAnswer, ShopEvent } from '../server/requests.ts';
import { stored } from './stored.ts';

/** What became of an event, for the panel behind the scenes. */
export interface TrackedEvent {
  event: Pick<ShopEvent, 'eventId' | 'itemId' | 'placement' | 'position'> & { type: ShopEvent['type'] | 'order' };
  state: 'waiting' | 'acknowledged' | 'refused';
  reason?: string;
}

const address = '/api/events';
const batchSize = 100;
const sendAfterMs = 1_000;
const longestWaitMs = 30_000;

/** Events that Duet has not acknowledged. Kept by the tab, so that a reload loses none. */
const pending = stored<ShopEvent[]>('session', 'duet-pending-events', []);
/** The newest events and their fate, newest first. */
const tracked = stored<TrackedEvent[]>('session', 'duet-tracked-events', []);

let sending = false;
let failures = 0;
let timer: ReturnType<typeof setTimeout> | undefined;

function settle(batch: ShopEvent[], refusals: Map<string, string>): void {
  const done = new Set(batch.map(({ eventId }) => eventId));
  pending.write(pending.read().filter(({ eventId }) => !done.has(eventId)));
  tracked.write(
    tracked.read().map((entry): TrackedEvent => {
      if (!done.has(entry.event.eventId)) return entry;
      const reason = refusals.get(entry.event.eventId);
      return reason === undefined ? { ...entry, state: 'acknowledged' } : { ...entry, state: 'refused', reason };
    }),
  );
}

/** Sends the oldest batch. What is not acknowledged stays, and is sent again with the same ids: Duet drops repeats. */
async function send(): Promise<void> {
  if (sending) return;
  clearTimeout(timer);
  timer = undefined;
  const batch = pending.read().slice(0, batchSize);
  if (batch.length === 0) return;
  sending = true;
  try {
    const response = await fetch(address, {
      method: 'POST',
      keepalive: true, // a page that is left while this is under way still finishes it
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ events: batch }),
    });
    if (response.ok) {
      const { refused } = (await response.json()) as EventsAnswer;
      settle(batch, new Map(refused.map(({ eventId, reason }) => [eventId, reason])));
    } else if (response.status < 500 && response.status !== 429) {
      const { message } = (await response.json()) as { message: string };
      settle(batch, new Map(batch.map(({ eventId }) => [eventId, message])));
    } else throw new Error(`The shop answered ${response.status}.`);
    failures = 0;
  } catch {
    failures += 1; // offline, or Duet is down: tried again below
  }
  sending = false;
  sendSoon();
}

function sendSoon(): void {
  if (timer !== undefined || sending || pending.read().length === 0) return;
  timer = setTimeout(send, Math.min(sendAfterMs * 2 ** failures, longestWaitMs));
}

/**
 * Records what the shopper saw or did. Never waits and never throws. The id and the time are given here, once, so that
 * however often an event is sent it counts once.
 */
export function logEvent(event: Omit<ShopEvent, 'eventId' | 'occurredAt'>): void {
  const made = { ...event, eventId: crypto.randomUUID(), occurredAt: new Date().toISOString() };
  pending.write([...pending.read(), made].slice(-2_000));
  tracked.write([{ event: made, state: 'waiting' as const }, ...tracked.read()].slice(0, 100));
  sendSoon();
}

/** Shows the panel the order lines that the server logged and Duet acknowledged. */
export function noteOrdered(lines: { eventId: string; itemId: string }[]): void {
  const ordered = lines.map(
    ({ eventId, itemId }): TrackedEvent => ({ event: { eventId, itemId, type: 'order' }, state: 'acknowledged' }),
  );
  tracked.write([...ordered, ...tracked.read()].slice(0, 100));
}

/**
 * Sends what waits at once, as before the shopper changes: the request leaves with the cookie of who made the events.
 */
export function sendEventsNow(): void {
  void send();
}

/**
 * The last chance when the page is hidden or left, because the timer may never fire: a beacon outlives the page. It has
 * no answer, so the events stay pending and a page that lives on sends them again.
 */
function beforeLeaving(): void {
  if (document.visibilityState !== 'hidden') return;
  const events = pending.read().slice(0, batchSize);
  if (events.length === 0) return;
  navigator.sendBeacon(address, new Blob([JSON.stringify({ events })], { type: 'application/json' }));
}

/** Sends events for as long as the page lives. */
export function startSending(): () => void {
  document.addEventListener('visibilitychange', beforeLeaving);
  addEventListener('online', sendEventsNow);
  sendSoon();
  return () => {
    document.removeEventListener('visibilitychange', beforeLeaving);
    removeEventListener('online', sendEventsNow);
  };
}

export const trackedEvents = { read: tracked.read, subscribe: tracked.subscribe };
