import type { DuetClientOptions } from '@duet/client';
import { stored } from './stored.ts';

type Sent = Parameters<NonNullable<NonNullable<DuetClientOptions['events']>['onLog']>>[0][number];

/** What became of an event, for the panel behind the scenes. */
export interface TrackedEvent {
  event: Pick<Sent, 'eventId' | 'type' | 'itemId' | 'placement' | 'position'>;
  state: 'waiting' | 'acknowledged' | 'refused';
  reason?: string;
}

/** The newest events of this tab and their fate, newest first. */
const tracked = stored<TrackedEvent[]>('session', 'duet-tracked-events', []);

const add = (events: TrackedEvent[]) => tracked.write([...events.toReversed(), ...tracked.read()].slice(0, 100));

function settle(events: Sent[], fate: Pick<TrackedEvent, 'state' | 'reason'>): void {
  const settled = new Set(events.map(({ eventId }) => eventId));
  tracked.write(tracked.read().map((entry) => (settled.has(entry.event.eventId) ? { ...entry, ...fate } : entry)));
}

/** Follows the page's events for the panel; the client itself keeps and sends them. */
export const eventTracking: DuetClientOptions['events'] = {
  onLog: (events) =>
    add(
      events.map(({ eventId, type, itemId, placement, position }) => ({
        event: { eventId, type, itemId, placement, position },
        state: 'waiting',
      })),
    ),
  onStored: (events) => settle(events, { state: 'acknowledged' }),
  onDrop: (events, reason) => settle(events, { state: 'refused', reason }),
};

/** Shows the panel the order lines that the server logged and Duet acknowledged. */
export const noteOrdered = (lines: { eventId: string; itemId: string }[]): void =>
  add(lines.map(({ eventId, itemId }) => ({ event: { eventId, itemId, type: 'order' }, state: 'acknowledged' })));

export const trackedEvents = { read: tracked.read, subscribe: tracked.subscribe };
