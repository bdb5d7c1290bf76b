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
import { clientError, DuetClientError, foreignAnswer } from './error.ts';
import { createEventBuffer, type EventBuffer } from './event-buffer.ts';
import { eventId } from './event-id.ts';
import { browserStore, type EventStore, pageStorage } from './event-store.ts';
import { defaultRetry, type RetryPolicy, withRetry } from './retry.ts';
import { openVisitor } from './visitor.ts';

export type {
  CatalogueItemAnswer,
  FoundItem,
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
export { signVisitor } from './visitor.ts';

/** An event as the server takes it. */
export type SentEvent = EventsLogInput['events'][number];
/** An event as a storefront logs it: the client adds its id and time where they are left out. */
export type LoggedEvent = Omit<SentEvent, 'eventId' | 'occurredAt'> &
  Partial<Pick<SentEvent, 'eventId' | 'occurredAt'>>;

export interface DuetClientOptions {
  /** The retrieval service's address, such as `http://127.0.0.1:4300`. */
  url: string;
  /** A server's secret key (`sk_…`), or in a page a publishable one (`pk_…`), with the scopes the calls need. */
  apiKey?: string | undefined;
  /**
   * With a publishable key: the visitor's signed id, which the shop's server makes with `signVisitor`. Without it Duet makes
   * an id at the first call, which the page's `localStorage` keeps.
   */
  visitor?: string | undefined;
  fetch?: typeof fetch | undefined;
  /** Limit of one attempt; 5 s where it is not said. */
  timeoutMs?: number | undefined;
  /** Limit of a call, all attempts and waits together; 10 s, or `timeoutMs` where that is more. */
  deadlineMs?: number | undefined;
  retry?: Partial<RetryPolicy> | undefined;
  events?:
    | {
        batchSize?: number | undefined;
        flushAfterMs?: number | undefined;
        capacity?: number | undefined;
        onDrop?: ((events: SentEvent[], reason: string) => void) | undefined;
        /**
         * Where events wait while the service cannot be reached, beyond the life of this page or process: `localStorage` in
         * a browser, else memory, unless it is said here. False keeps them in memory.
         */
        store?: EventStore<SentEvent> | false | undefined;
      }
    | undefined;
  now?: (() => number) | undefined;
}

export interface CallOptions {
  signal?: AbortSignal | undefined;
  /** Limit of this call, all attempts and waits together. */
  deadlineMs?: number | undefined;
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
  /** With a publishable key: the visitor's signed id, for the shop's server. */
  visitor(): Promise<string>;
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
  const { apiKey, timeoutMs = 5_000, now = Date.now } = options;
  const url = addressOf(options.url);
  const deadlineMs = options.deadlineMs ?? Math.max(10_000, timeoutMs);
  const send = options.fetch ?? globalThis.fetch.bind(globalThis);
  const retry: RetryPolicy = { ...defaultRetry, ...options.retry };
  // Typed here, since Node's types, which the services compile with, know no document.
  const page = (globalThis as { document?: Page }).document;
  const storage = pageStorage();

  // Elsewhere than in a page the sender is a server, and its user agent nobody's.
  const device = page && deviceOf(globalThis.navigator.userAgent);

  const isPublishable = apiKey?.startsWith('pk_') ?? false;
  const visitor = openVisitor(options.visitor, async () => (await trpc.visitors.create.mutate()).visitor, storage);
  const authorization = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` };

  const trpc = createTRPCClient<AppRouter>({
    links: [
      httpLink({
        url: `${url}/trpc`,
        // Queries as POST: a user's id stays out of URLs, which proxies log, and a long list fits.
        methodOverride: 'POST',
        headers: async ({ op }) => {
          if (!isPublishable || op.path === 'visitors.create') return authorization;
          return { ...authorization, 'x-duet-visitor': await visitor.signed() };
        },
        fetch: async (address, init) => {
          const limit = AbortSignal.timeout(timeoutMs);
          const signal = init?.signal ? either(init.signal, limit) : limit;
          const body = init?.body;
          const keepalive = page !== undefined && typeof body === 'string' && body.length < keepaliveLimit;
          const request = { ...(init as RequestInit), signal, ...(keepalive ? { keepalive } : {}) };
          const response = await send(address as string, request);
          if (/\bjson\b/.test(response.headers.get('content-type') ?? '')) return response;
          // Of a proxy, most likely: what it says is for people, but its status counts.
          throw foreignAnswer(response, url);
        },
      }),
    ],
  });

  const once = async <T>(run: () => Promise<T>): Promise<T> => {
    try {
      return await run().catch((cause) => {
        // The secret that Duet signed the visitor's id with may be another by now: a new id is made, once.
        if (clientError(cause, url, timeoutMs).code === 'unauthorised' && visitor.forget()) return run();
        throw cause;
      });
    } catch (cause) {
      throw clientError(cause, url, timeoutMs);
    }
  };
  /** Reads change nothing, so a repeat is harmless. A caller's own abort is final. */
  const read = <T>(run: (o: { signal: AbortSignal }) => Promise<T>, o: CallOptions = {}): Promise<T> => {
    const limitMs = o.deadlineMs ?? deadlineMs;
    const limit = AbortSignal.timeout(limitMs);
    const signal = o.signal ? either(o.signal, limit) : limit;
    const attempt = async () => {
      try {
        if (!signal.aborted) return await once(() => run({ signal }));
      } catch (error) {
        if (!signal.aborted) throw error;
      }
      if (o.signal?.aborted) throw new DuetClientError('aborted', 'The call was aborted.', { cause: o.signal.reason });
      throw new DuetClientError('timeout', `Duet at ${url} did not answer within ${limitMs} ms.`, { transient: true });
    };
    return withRetry(attempt, { ...retry }, { deadline: performance.now() + limitMs, signal });
  };

  const { onDrop, store, batchSize = 100, flushAfterMs = 1_000, capacity = 10_000 } = options.events ?? {};
  let storeFailed = false;
  let refused = '';
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
    onRefused: ({ message }) => {
      if (message !== refused) console.warn(`Duet: events wait, since the service does not take them: ${message}`);
      refused = message;
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
    retrieve: (input, o) => read((call) => trpc.retrieve.query(input, call), o),
    similarItems: (input, o) => read((call) => trpc.similarItems.query(input, call), o),
    similarUsers: (input, o) => read((call) => trpc.similarUsers.query(input, call), o),
    search: (input, o) => read((call) => trpc.search.query(input, call), o),
    catalogue: {
      shoppers: (input, o) => read((call) => trpc.catalogue.shoppers.query(input, call), o),
      item: (input, o) => read((call) => trpc.catalogue.item.query(input, call), o),
    },
    history: (input, o) => read((call) => trpc.history.query(input, call), o),
    health: (o) => read((call) => trpc.health.query(undefined, call), o),
    visitor: () => once(() => visitor.signed()),
    events: {
      log: (...events) =>
        events.map((event) => {
          // Given here and not when it is sent, so that every repeat of the batch carries the same id and time.
          const sent = {
            ...(device === undefined ? {} : { device }),
            // Whoever comes after this visitor sends what this one left.
            ...(isPublishable && visitor.known !== undefined ? { visitor: visitor.known } : {}),
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

/** The service's address without a slash at its end. @throws DuetClientError `bad-input` for what is none */
function addressOf(url: string): string {
  const { location } = globalThis as { location?: { href: string } };
  try {
    const { protocol, href } = new URL(url, location?.href);
    if (/^https?:$/.test(protocol)) return href.replace(/\/+$/, '');
  } catch {
    // Said below.
  }
  const what = `"${url}" is no address of a retrieval service. It is a URL such as http://127.0.0.1:4300.`;
  throw new DuetClientError('bad-input', what);
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
