import type { EventType } from '@duet/db';
import { type EventKind, eventKind, usualWeights } from '../read/values/events.ts';
import type { ImportSettings } from '../request.ts';

/** What a logged event is among the events of a file. */
const kindOf: Partial<Record<EventType, EventKind>> = { click: 'view', cart: 'cart', order: 'purchase' };

/**
 * What each type of logged event weighs in a dataset: as its import weighed events of that kind, else as usual.
 * Impressions and refunds weigh nothing: they are kept for whoever learns from them later.
 */
export function weightsOfEvents({
  eventWeights = {},
}: Pick<Partial<ImportSettings>, 'eventWeights'>): Record<EventType, number> {
  const said = Object.entries(eventWeights);
  const weightOf = (type: EventType): number => {
    const kind = kindOf[type];
    if (kind === undefined) return 0;
    return said.find(([event]) => eventKind(event) === kind)?.[1] ?? usualWeights[kind];
  };
  const types: EventType[] = ['impression', 'click', 'cart', 'order', 'refund'];
  return Object.fromEntries(types.map((type) => [type, weightOf(type)])) as Record<EventType, number>;
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
