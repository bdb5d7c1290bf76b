import type { EventsLogAnswer } from '@duet/api';
import { createEventBuffer, type EventBuffer } from './event-buffer.ts';
import { browserStore, pageStorage } from './event-store.ts';
import type { DuetClientOptions, LoggedEvent, SentEvent } from './options.ts';
import { completeEvent, whenLeft, whenOnline } from './page.ts';
import type { Transport } from './transport.ts';

export interface Events {
  /** Buffers events for the next batch. Returns their ids. Never waits and never throws while the client is open. */
  log(...events: LoggedEvent[]): string[];
  flush: EventBuffer<SentEvent>['flush'];
  /** Sends the buffered events, then refuses further ones. */
  close: EventBuffer<SentEvent>['close'];
  readonly pending: number;
}

/** Events of a visitor who has agreed to nothing: none. */
const noEvents: Events = { log: () => [], flush: async () => {}, close: async () => {}, pending: 0 };

/** Gathers events and sends them, for as long as the page or process lives. */
export function openEvents(
  transport: Transport,
  { events: options = {}, now = Date.now, consent = true }: DuetClientOptions,
): Events {
  if (!consent) return noEvents;
  const { isPublishable, visitor } = transport;
  const buffer = openBuffer(transport, options, now);
  const sendNow = () => void buffer.flush().catch(() => undefined);
  const stopWatching = whenLeft(() => {
    void buffer.save();
    sendNow();
  });
  const stopListening = whenOnline(sendNow);
  // Whoever comes after this visitor sends what this one left.
  const visitorOf = () => (isPublishable ? visitor.known : undefined);

  return {
    log(...events) {
      const sent = events.map((event) => completeEvent(event, visitorOf(), now()));
      options.onLog?.(sent);
      for (const event of sent) buffer.add(event);
      return sent.map(({ eventId }) => eventId);
    },
    flush: buffer.flush.bind(buffer),
    async close(o) {
      stopWatching();
      stopListening();
      await buffer.close(o);
    },
    get pending() {
      return buffer.pending;
    },
  };
}

/** The buffer with the client's defaults. What goes wrong with it is said on the console, once each. */
function openBuffer(
  { retry, once }: Transport,
  {
    onDrop,
    onStored,
    store,
    batchSize = 100,
    flushAfterMs = 1_000,
    capacity = 10_000,
  }: NonNullable<DuetClientOptions['events']>,
  now: () => number,
): EventBuffer<SentEvent> {
  const storage = pageStorage();
  let storeFailed = false;
  let refused = '';
  return createEventBuffer<SentEvent>({
    async send(events) {
      const sentAt = new Date(now()).toISOString();
      const answer = await once<EventsLogAnswer>('events.log', { events, sentAt });
      const isRejected = new Set(answer.rejected.map(({ index }) => index));
      onStored?.(events.filter((_, index) => !isRejected.has(index)));
      return answer;
    },
    batchSize,
    flushAfterMs,
    capacity,
    // A lost event bends a measurement, so silence is not an option: without a listener it is said on the console.
    onDrop: onDrop ?? ((events, reason) => console.warn(`Duet: ${events.length} events were dropped: ${reason}`)),
    store: store === false ? undefined : (store ?? (storage && browserStore(storage))),
    onStoreFailure: (error) => {
      if (!storeFailed) console.warn(`Duet: events are kept in memory alone: ${(error as Error).message}`);
      storeFailed = true;
    },
    onRefused: ({ message }) => {
      if (message !== refused) console.warn(`Duet: events wait, since the service does not take them: ${message}`);
      refused = message;
    },
    retry: { ...retry, baseDelayMs: Math.max(retry.baseDelayMs, 100), maxDelayMs: Math.max(retry.maxDelayMs, 10_000) },
  });
}
