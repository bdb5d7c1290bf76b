import type { EventsLogAnswer } from '@duet/api';
import { browserStore, pageStorage } from './event-store.ts';
import type { EventOptions, LoggedEvent, SentEvent } from './options.ts';
import { completeEvent, whenLeft } from './page.ts';
import { openVisitor } from './visitor.ts';

export type { LoggedEvent } from './options.ts';

export interface BeaconOptions extends Pick<EventOptions, 'onStored' | 'onDrop'> {
  /** The retrieval service's address. */
  url: string;
  /** The publishable key (`pk_…`). */
  apiKey: string;
  /** The visitor's signed id; Duet makes one where it is not said. */
  visitor?: string | undefined;
}

export interface Beacon {
  /** Logs events. Returns their ids. Never waits and never throws. */
  log(...events: LoggedEvent[]): string[];
  /** Sends what waits, now; resolves once that was tried. */
  flush(): Promise<void>;
}

const mostOfBatch = 100;
const sendAfterMs = 1_000;
const longestWaitMs = 60_000;

/**
 * Logs events of a page and asks nothing: for pages on which each kilobyte counts. Events keep their id and time over
 * every repeat, go in batches, outlive the page in `localStorage`, and are sent until the service has them.
 */
export function createBeacon({ url, apiKey, visitor: given, onStored, onDrop = warn }: BeaconOptions): Beacon {
  const storage = pageStorage();
  const store = storage && browserStore<SentEvent>(storage);
  const post = async <T>(procedure: string, input: object, visitor?: string): Promise<T> => {
    const response = await fetch(`${url.replace(/\/+$/, '')}/trpc/${procedure}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${apiKey}`,
        ...(visitor !== undefined && { 'x-duet-visitor': visitor }),
      },
      body: JSON.stringify(input),
      keepalive: true, // a page that is left while this is under way still finishes it
    });
    if (!response.ok) throw response;
    return ((await response.json()) as { result: { data: T } }).result.data;
  };
  const makeVisitor = async () => (await post<{ visitor: string }>('visitors.create', {})).visitor;
  const visitor = openVisitor(given, makeVisitor, storage);

  const waiting = (store?.take() ?? []) as SentEvent[];
  let batchSize = mostOfBatch;
  let failures = 0;
  let sending = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const settle = (batch: SentEvent[], rejected: EventsLogAnswer['rejected']) => {
    waiting.splice(0, batch.length);
    const refused = new Set(rejected.map(({ index }) => index));
    const stored = batch.filter((_, index) => !refused.has(index));
    if (stored.length > 0) onStored?.(stored);
    for (const { index, reason } of rejected) onDrop([batch[index]!], reason);
    batchSize = mostOfBatch;
    failures = 0;
  };
  const failed = (batch: SentEvent[], cause: unknown) => {
    const { status = 0 } = cause as { status?: number };
    if (status === 401) visitor.forget();
    if (status !== 400 && status !== 413) failures += 1;
    // It is about these: the batch is halved until the one is found.
    else if (batch.length > 1) batchSize = Math.ceil(batch.length / 2);
    else settle(batch, [{ index: 0, reason: `HTTP ${status}` }]);
  };
  const send = async () => {
    clearTimeout(timer);
    timer = undefined;
    const batch = waiting.slice(0, batchSize);
    if (sending || batch.length === 0) return;
    sending = true;
    try {
      const log = { events: batch, sentAt: new Date().toISOString() };
      settle(batch, (await post<EventsLogAnswer>('events.log', log, await visitor.signed())).rejected);
    } catch (cause) {
      failed(batch, cause);
    }
    sending = false;
    store?.keep(waiting);
    soon();
  };
  const soon = () => {
    if (waiting.length > 0) timer ??= setTimeout(send, Math.min(sendAfterMs * 2 ** failures, longestWaitMs));
  };

  whenLeft(() => {
    store?.keep(waiting);
    void send();
  });
  soon();
  return {
    log(...events) {
      const sent = events.map((event) => completeEvent(event, visitor.known));
      waiting.push(...sent);
      soon();
      return sent.map(({ eventId }) => eventId);
    },
    flush: send,
  };
}

/** A lost event bends a measurement, so silence is not an option. */
const warn = (events: SentEvent[], reason: string) =>
  console.warn(`Duet: ${events.length} events were dropped: ${reason}`);
