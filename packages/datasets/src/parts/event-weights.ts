import { EventType } from '@duet/db';
import { type EventKind, eventKind, usualWeights } from '../read/values/events.ts';
import type { ImportSettings } from '../request.ts';
import type { StorefrontSettings } from '../storefront/storefront.ts';

/** What a logged event teaches: its weight, where a purchase weighs 1, and whether it hides the item from the user. */
export interface EventMeaning {
  weight: number;
  hides: boolean;
}

/** "Not interested" takes back what a purchase says. */
const dislikeWeight = -1;

/** What a logged event is among the events of a file. */
const kindOf: Partial<Record<EventType, EventKind>> = { click: 'view', cart: 'cart', order: 'purchase' };

/**
 * What a logged event means in a dataset: as its import weighed events of that kind, else as usual; one of an own type
 * as the dataset declares it. Impressions and refunds weigh nothing: they are kept for whoever learns from them later.
 *
 * @returns by the event's type and, of an own one, its name
 */
export function meaningOfEvents(
  { eventWeights = {} }: Pick<Partial<ImportSettings>, 'eventWeights'>,
  eventTypes: StorefrontSettings['eventTypes'] = [],
): (type: EventType, name?: string) => EventMeaning {
  const givenWeights = Object.entries(eventWeights);
  const weightOf = (type: EventType): number => {
    const kind = kindOf[type];
    if (type === 'dislike') return dislikeWeight;
    if (kind === undefined) return 0;
    return givenWeights.find(([event]) => eventKind(event) === kind)?.[1] ?? usualWeights[kind];
  };
  const fixed = new Map(
    Object.values(EventType).map((type) => [type, { weight: weightOf(type), hides: type === 'order' }]),
  );
  const ownTypes = new Map(eventTypes.map(({ name, weight, hides }) => [name, { weight, hides }]));
  const nothing: EventMeaning = { weight: 0, hides: false };
  return (type, name = '') => (type === 'own' ? (ownTypes.get(name) ?? nothing) : fixed.get(type)!);
}

/** What an interaction of an event that a shop's server sends counts; undefined for an event that has no weight. */
export function judgeEvent(
  { eventWeights }: Pick<Partial<ImportSettings>, 'eventWeights'>,
  event: string,
): { weight: number; hides: boolean } | undefined {
  const kind = eventKind(event);
  const weight = eventWeights?.[event] ?? (kind && usualWeights[kind]);
  return weight === undefined || weight === 0 ? undefined : { weight, hides: kind !== 'view' };
}
