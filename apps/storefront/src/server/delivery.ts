import type { LoggedEvent } from '@duet/client';
import type { EventsAnswer } from './requests.ts';
import { openDuet } from './retrieval.ts';

/**
 * Hands events to Duet and waits until it has them. Whoever sent them here keeps them until then: where this throws,
 * the same events are sent again with the same ids, and Duet drops those it already has.
 *
 * The client of one call is closed at its end. A shop whose server makes events itself keeps one client, calls
 * `events.log` without waiting, and leaves batching and retries to it.
 *
 * @throws DuetClientError `timeout` where the retrieval service did not take them within `timeoutMs`
 */
export async function deliver(events: (LoggedEvent & { eventId: string })[], timeoutMs = 4_000): Promise<EventsAnswer> {
  const refused: EventsAnswer['refused'] = [];
  let waiting = true;
  const duet = openDuet({
    onDrop: (eventIds, reason) => {
      if (waiting) refused.push(...eventIds.map((eventId) => ({ eventId, reason })));
    },
  });
  try {
    duet.events.log(...events);
    await duet.events.flush({ timeoutMs });
  } finally {
    waiting = false;
    await duet.close({ timeoutMs: 0 });
  }
  for (const { eventId, reason } of refused) console.warn(`Event ${eventId} was refused: ${reason}`);
  return { arrived: events.length - refused.length, refused };
}
