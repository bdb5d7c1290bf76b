import type {
  BoughtTogetherInput,
  CatalogueItemAnswer,
  CatalogueItemInput,
  CatalogueShoppersInput,
  HealthAnswer,
  HistoryAnswer,
  HistoryInput,
  NewArrivalsInput,
  PopularAnswer,
  PopularInput,
  RecentlyViewedInput,
  RetrieveAnswer,
  RetrieveInput,
  SearchAnswer,
  SearchInput,
  Shopper,
  SimilarItemsAnswer,
  SimilarItemsInput,
  SimilarUsersAnswer,
  SimilarUsersInput,
  TrendingInput,
} from '@duet/api';
import { deviceOf } from './device.ts';
import { createEventBuffer, type EventBuffer, type EventBufferOptions } from './event-buffer.ts';
import { eventId } from './event-id.ts';
import { browserStore, pageStorage } from './event-store.ts';
import type { CallOptions, DuetClientOptions, LoggedEvent, SentEvent } from './options.ts';
import type { RetryPolicy } from './retry.ts';
import { openTransport } from './transport.ts';

export type {
  BoughtTogetherInput,
  CatalogueItemAnswer,
  FoundItem,
  HealthAnswer,
  HistoryAnswer,
  ListedItem,
  NewArrivalsInput,
  PopularInput,
  RecentlyViewedInput,
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
  TrendingInput,
} from '@duet/api';
export { type Device, deviceOf } from './device.ts';
export { type ClientErrorCode, DuetClientError } from './error.ts';
export type { EventStore } from './event-store.ts';
export type { CallOptions, DuetClientOptions, LoggedEvent, SentEvent } from './options.ts';
export type { RetryPolicy } from './retry.ts';
export { signVisitor } from './visitor.ts';

/** Of every list: popular, trending, new arrivals, recently viewed, bought together. */
export type ListAnswer = PopularAnswer;

export interface DuetClient {
  retrieve(input: RetrieveInput, o?: CallOptions): Promise<RetrieveAnswer>;
  similarItems(input: SimilarItemsInput, o?: CallOptions): Promise<SimilarItemsAnswer>;
  similarUsers(input: SimilarUsersInput, o?: CallOptions): Promise<SimilarUsersAnswer>;
  search(input: SearchInput, o?: CallOptions): Promise<SearchAnswer>;
  /** Lists that need no model. Each item says by which list it came, so that a page is never empty. */
  popular(input?: PopularInput, o?: CallOptions): Promise<ListAnswer>;
  trending(input?: TrendingInput, o?: CallOptions): Promise<ListAnswer>;
  newArrivals(input?: NewArrivalsInput, o?: CallOptions): Promise<ListAnswer>;
  recentlyViewed(input?: RecentlyViewedInput, o?: CallOptions): Promise<ListAnswer>;
  boughtTogether(input: BoughtTogetherInput, o?: CallOptions): Promise<ListAnswer>;
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

/**
 * A typed client of the retrieval service for browsers, Node and edge runtimes: needs only `fetch`, `AbortSignal` and
 * `crypto.randomUUID`. Every failure is a `DuetClientError`.
 */
export function createDuetClient(options: DuetClientOptions): DuetClient {
  const { now = Date.now } = options;
  const { trpc, retry, once, read, visitor, isPublishable } = openTransport(options);
  // Typed here, since Node's types, which the services compile with, know no document.
  const page = (globalThis as { document?: Page }).document;
  // Elsewhere than in a page the sender is a server, and its user agent nobody's.
  const device = page && deviceOf(globalThis.navigator.userAgent);

  const buffer = openBuffer(options.events ?? {}, retry, (events) =>
    once(() => trpc.events.log.mutate({ events, sentAt: new Date(now()).toISOString() })),
  );

  const stopWatching =
    page &&
    watchPage(page, {
      online: () => void buffer.flush().catch(() => undefined),
      leave: () => void buffer.save(),
    });
  const close: DuetClient['close'] = async (o) => {
    stopWatching?.();
    await buffer.close(o);
  };

  return {
    retrieve: (input, o) => read((call) => trpc.retrieve.query(input, call), o),
    similarItems: (input, o) => read((call) => trpc.similarItems.query(input, call), o),
    similarUsers: (input, o) => read((call) => trpc.similarUsers.query(input, call), o),
    search: (input, o) => read((call) => trpc.search.query(input, call), o),
    popular: (input = {}, o) => read((call) => trpc.popular.query(input, call), o),
    trending: (input = {}, o) => read((call) => trpc.trending.query(input, call), o),
    newArrivals: (input = {}, o) => read((call) => trpc.newArrivals.query(input, call), o),
    recentlyViewed: (input = {}, o) => read((call) => trpc.recentlyViewed.query(input, call), o),
    boughtTogether: (input, o) => read((call) => trpc.boughtTogether.query(input, call), o),
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

/** The buffer with the client's defaults. What goes wrong with it is said on the console, once each. */
function openBuffer(
  { onDrop, store, batchSize = 100, flushAfterMs = 1_000, capacity = 10_000 }: NonNullable<DuetClientOptions['events']>,
  retry: RetryPolicy,
  send: EventBufferOptions<SentEvent>['send'],
): EventBuffer<SentEvent> {
  const storage = pageStorage();
  let storeFailed = false;
  let refused = '';
  return createEventBuffer<SentEvent>({
    send,
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

/** Sends when the page is online again, saves and sends when it is left. @returns what ends it */
function watchPage(page: Page, { online, leave }: { online: () => void; leave: () => void }): () => void {
  const whole = globalThis as { addEventListener?: Listen; removeEventListener?: Listen };
  const changed = () => {
    if (page.visibilityState !== 'hidden') return;
    leave();
    online();
  };
  page.addEventListener('visibilitychange', changed);
  whole.addEventListener?.('online', online);
  return () => {
    page.removeEventListener('visibilitychange', changed);
    whole.removeEventListener?.('online', online);
  };
}
