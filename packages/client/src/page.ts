import { deviceOf } from './device.ts';
import { eventId } from './event-id.ts';
import type { LoggedEvent, SentEvent } from './options.ts';

/** What is needed of a browser's `document` and `window`: Node's types, which the services compile with, know neither. */
interface Page {
  document?: Listens & { visibilityState: string };
}
interface Listens {
  addEventListener?(type: string, listener: () => void): void;
  removeEventListener?(type: string, listener: () => void): void;
}

const page = () => globalThis as Page & Listens;

/** Listens until the function that it returns is called. */
function listen(to: Listens | undefined, type: string, listener: () => void): () => void {
  to?.addEventListener?.(type, listener);
  return () => to?.removeEventListener?.(type, listener);
}

/** Calls back when the page is hidden or left, after which no timer may ever fire; never where there is no page. */
export function whenLeft(run: () => void): () => void {
  const { document } = page();
  return listen(document, 'visibilitychange', () => {
    if (document?.visibilityState === 'hidden') run();
  });
}

/** Calls back when the page's browser is online again. */
export const whenOnline = (run: () => void): (() => void) => listen(page().document && page(), 'online', run);

/**
 * An event with what the client gives it: an id and a time, here and not when it is sent, so that every repeat carries
 * the same; and in a page the device. Elsewhere the sender is a server, and its user agent nobody's.
 */
export const completeEvent = (event: LoggedEvent, visitor: string | undefined, now = Date.now()): SentEvent => ({
  ...(page().document && { device: deviceOf(globalThis.navigator.userAgent) }),
  ...(visitor !== undefined && { visitor }),
  ...event,
  eventId: event.eventId ?? eventId(now),
  occurredAt: event.occurredAt ?? new Date(now).toISOString(),
});
