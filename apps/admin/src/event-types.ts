/** Kinds of events in the order of a purchase, each with the colour it has in charts. */
export const eventTypes = [
  { type: 'impression', title: 'Impressions', color: 'var(--faint)' },
  { type: 'click', title: 'Clicks', color: 'var(--two-tower)' },
  { type: 'cart', title: 'Carts', color: 'var(--busy)' },
  { type: 'order', title: 'Order lines', color: 'var(--good)' },
  { type: 'refund', title: 'Refunds', color: 'var(--bad)' },
  { type: 'dislike', title: 'Dislikes', color: 'var(--muted)' },
  { type: 'own', title: 'Own events', color: 'var(--dat)' },
] as const;

export type EventType = (typeof eventTypes)[number]['type'];

/** Events of one minute, by type. */
export type MinuteOfEvents = { from: string } & Record<EventType, number>;

export interface ShownEvent {
  eventId: string;
  type: EventType;
  /** When it arrived, ISO 8601. */
  at: string;
  userId: string;
  /** Title where the item has one, else its id. */
  item: string;
  arm: string;
  placement: string;
  position: number | null;
  valueMinor: number | null;
  currency: string | null;
}

/** What `/api/events` answers: the last hour minute by minute, and the newest events. */
export interface LiveEvents {
  minutes: MinuteOfEvents[];
  recent: ShownEvent[];
}
