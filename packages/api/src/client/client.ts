import { createTRPCClient, httpLink } from '@trpc/client';
import type { AppRouter } from '../router.ts';
import type {
  CatalogueItemAnswer,
  CatalogueItemInput,
  CatalogueShoppersInput,
  EventsLogInput,
  HealthAnswer,
  HistoryAnswer,
  HistoryInput,
  RetrieveAnswer,
  RetrieveInput,
  SearchAnswer,
  SearchInput,
  Shopper,
  SimilarItemsAnswer,
  SimilarItemsInput,
  SimilarUsersAnswer,
  SimilarUsersInput,
} from '../schemas.ts';
import { deviceOf } from './device.ts';
import { clientError, DuetClientError } from './error.ts';
import { createEventBuffer, type EventBuffer } from './event-buffer.ts';
import { eventId } from './event-id.ts';
import { browserStore, type EventStore, pageStorage } from './event-store.ts';
import { defaultRetry, type RetryPolicy, withRetry } from './retry.ts';

export type {
  CatalogueItemAnswer,
  HealthAnswer,
  HistoryAnswer,
  RecommendedItem,
  RetrieveAnswer,
  RetrieveInput,
  SearchAnswer,
  SearchInput,
  Shopper,
  SimilarItemsAnswer,
  SimilarItemsInput,
  SimilarUsersAnswer,
  SimilarUsersInput,
} from '../schemas.ts';
export { type Device, deviceOf } from './device.ts';
export { type ClientErrorCode, DuetClientError } from './error.ts';
export type { EventStore } from './event-store.ts';
export type { RetryPolicy } from './retry.ts';

/** An event as the server takes it. */
export type SentEvent = EventsLogInput['events'][number];
/** An event as a storefront logs it: the client adds its id and time where they are left out. */
export type LoggedEvent = Omit<SentEvent, 'eventId' | 'occurredAt'> &
  Partial<Pick<SentEvent, 'eventId' | 'occurredAt'>>;

export interface DuetClientOptions {
  /** The retrieval service's address, such as `http://127.0.0.1:4300`. */
  url: string;
  /** A key with the scopes the calls need: retrieve, events, admin. */
  apiKey?: string;
  fetch?: typeof fetch;
  /** Limit of one attempt. */
  timeoutMs?: number;
  retry?: Partial<RetryPolicy>;
  events?: {
    batchSize?: number;
    flushAfterMs?: number;
    capacity?: number;
    onDrop?: (events: SentEvent[], reason: string) => void;
    /**
     * Where events wait while the service cannot be reached, beyond the life of this page or process: `localStorage` in a
     * browser, else memory, unless it is said here. False keeps them in memory.
     */
    store?: EventStore<SentEvent> | false;
  };
  now?: () => number;
}

interface CallOptions {
  signal?: AbortSignal;
}

export interface DuetClient {
  retrieve(input: RetrieveInput, o?: CallOptions): Promise<RetrieveAnswer>;
  similarItems(input: SimilarItemsInput, o?: CallOptions): Promise<SimilarItemsAnswer>;
  similarUsers(input: SimilarUsersInput, o?: CallOptions): Promise<SimilarUsersAnswer>;
  search(input: SearchInput, o?: CallOptions): Promise<SearchAnswer>;
  catalogue: {
    shoppers(input?: CatalogueShoppersInput, o?: CallOptions): Promise<Shopper[]>;
    item(input: CatalogueItemInput, o?: CallOptions): Promise<CatalogueItemAnswer>;
  };
  history(input: HistoryInput, o?: CallOptions): Promise<HistoryAnswer>;
  health(o?: CallOptions): Promise<HealthAnswer>;
  events: {
    /** Buffers events for the next batch. Returns their ids. Never waits and never throws while the client is open. */
    log(...events: LoggedEvent[]): string[];
    flush: EventBuffer<SentEvent>['flush'];
    close: EventBuffer<SentEvent>['close'];
    readonly pending: number;
  };
  /** Sends the buffered events, then refuses further ones. */
  close(o?: { timeoutMs?: number }): Promise<void>;
}

/** What the client needs of a browser's `document`. */
interface Page {
  visibilityState: string;
  addEventListener(type: 'visibilitychange', listener: () => void): void;
  removeEventListener(type: 'visibilitychange', listener: () => void): void;
}

type Listen = (type: 'online', listener: () => void) => void;

/** `fetch` with `keepalive` lets a page that is being left finish its request, up to 64 KiB (fetch.spec.whatwg.org). */
const keepaliveLimit = 60_000;

/**
 * A typed client of the retrieval service for browsers, Node and edge runtimes: needs only `fetch`, `AbortSignal` and
 * `crypto.randomUUID`. Every failure is a `DuetClientError`.
 */
export function createDuetClient(options: DuetClientOptions): DuetClient {
  const { url, apiKey, timeoutMs = 5_000, now = Date.now } = options;
  const send = options.fetch ?? globalThis.fetch.bind(globalThis);
  const retry: RetryPolicy = { ...defaultRetry, ...options.retry };
  // Typed here, since Node's types, which the services compile with, know no document.
  const page = (globalThis as { document?: Page }).document;

  // Elsewhere than in a page the sender is a server, and its user agent nobody's.
  const device = page && deviceOf(globalThis.navigator.userAgent);

  const trpc = createTRPCClient<AppRouter>({
    links: [
      httpLink({
        url: `${url.replace(/\/+$/, '')}/trpc`,
        // Queries as POST: a user's id stays out of URLs, which proxies log, and a long list fits.
        methodOverride: 'POST',
        headers: apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` },
        fetch: (address, init) => {
          const limit = AbortSignal.timeout(timeoutMs);
          const signal = init?.signal ? either(init.signal, limit) : limit;
          const body = init?.body;
          const keepalive = page !== undefined && typeof body === 'string' && body.length < keepaliveLimit;
          return send(address as string, { ...(init as RequestInit), signal, ...(keepalive ? { keepalive } : {}) });
        },
      }),
    ],
  });

  const once = async <T>(run: () => Promise<T>): Promise<T> => {
    try {
      return await run();
    } catch (cause) {
      throw clientError(cause, url, timeoutMs);
    }
  };
  /** Reads change nothing, so a repeat is harmless. A caller's own abort is final. */
  const read = <T>(run: () => Promise<T>, o?: CallOptions): Promise<T> =>
    withRetry(
      () => {
        if (o?.signal?.aborted)
          throw new DuetClientError('closed', 'The call was aborted.', { cause: o.signal.reason });
        return once(run);
      },
      retry,
      o?.signal,
    );

  const { onDrop, store, batchSize = 100, flushAfterMs = 1_000, capacity = 10_000 } = options.events ?? {};
  const storage = pageStorage();
  let storeFailed = false;
  const buffer = createEventBuffer<SentEvent>({
    send: (events) => once(() => trpc.events.log.mutate({ events, sentAt: new Date(now()).toISOString() })),
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
    retry: { ...retry, baseDelayMs: Math.max(retry.baseDelayMs, 100), maxDelayMs: Math.max(retry.maxDelayMs, 10_000) },
  });

  const sendNow = () => void buffer.flush().catch(() => undefined);
  const leave = () => {
    if (page?.visibilityState !== 'hidden') return;
    void buffer.save();
    sendNow();
  };
  page?.addEventListener('visibilitychange', leave);
  const online = globalThis as { addEventListener?: Listen; removeEventListener?: Listen };
  if (page) online.addEventListener?.('online', sendNow);

  const close: DuetClient['close'] = async (o) => {
    page?.removeEventListener('visibilitychange', leave);
    if (page) online.removeEventListener?.('online', sendNow);
    await buffer.close(o);
  };

  return {
    retrieve: (input, o) => read(() => trpc.retrieve.query(input, o), o),
    similarItems: (input, o) => read(() => trpc.similarItems.query(input, o), o),
    similarUsers: (input, o) => read(() => trpc.similarUsers.query(input, o), o),
    search: (input, o) => read(() => trpc.search.query(input, o), o),
    catalogue: {
      shoppers: (input, o) => read(() => trpc.catalogue.shoppers.query(input, o), o),
      item: (input, o) => read(() => trpc.catalogue.item.query(input, o), o),
    },
    history: (input, o) => read(() => trpc.history.query(input, o), o),
    health: (o) => read(() => trpc.health.query(undefined, o), o),
    events: {
      log: (...events) =>
        events.map((event) => {
          // Given here and not when it is sent, so that every repeat of the batch carries the same id and time.
          const sent = {
            ...(device === undefined ? {} : { device }),
            ...event,
            eventId: event.eventId ?? eventId(now()),
            occurredAt: event.occurredAt ?? new Date(now()).toISOString(),
          } as SentEvent;
          buffer.add(sent);
          return sent.eventId;
        }),
      flush: buffer.flush,
      close,
      get pending() {
        return buffer.pending;
      },
    },
    close,
  };
}

/** Aborts when either does; by hand where a runtime lacks `AbortSignal.any`, as Vercel's edge runtime and older browsers do. */
function either(...signals: AbortSignal[]): AbortSignal {
  if ('any' in AbortSignal) return AbortSignal.any(signals);
  const both = new AbortController();
  for (const signal of signals) {
    if (signal.aborted) both.abort(signal.reason);
    else signal.addEventListener('abort', () => both.abort(signal.reason), { once: true });
  }
  return both.signal;
}
