import type {
  BoughtTogetherInput,
  CatalogueItemAnswer,
  CatalogueItemInput,
  CatalogueShoppersInput,
  HealthAnswer,
  HistoryAnswer,
  HistoryInput,
  InteractionsWriteInput,
  ItemsDeleteInput,
  ItemsPatchInput,
  ItemsPutAnswer,
  ItemsPutInput,
  ItemsWriteAnswer,
  ItemsWriteInput,
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
  UsersErasureInput,
  UsersExportAnswer,
  UsersExportInput,
  UsersForgetAnswer,
  UsersIdentifyAnswer,
  UsersIdentifyInput,
  UsersWriteInput,
} from '@duet/api';
import { type Events, openEvents } from './events.ts';
import type { CallOptions, DuetClientOptions } from './options.ts';
import { openTransport } from './transport.ts';

export type {
  BoughtTogetherInput,
  CatalogueItemAnswer,
  FoundItem,
  HealthAnswer,
  HistoryAnswer,
  InteractionsWriteInput,
  ItemsDeleteInput,
  ItemsPatchInput,
  ItemsPutAnswer,
  ItemsPutInput,
  ItemsWriteAnswer,
  ItemsWriteInput,
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
  UsersExportAnswer,
  UsersForgetAnswer,
  UsersWriteInput,
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
  /** The catalogue, with a secret key of the scope `write`. Each call may be sent again: a repeat changes nothing. */
  items: {
    put(input: ItemsPutInput, o?: CallOptions): Promise<ItemsPutAnswer>;
    patch(input: ItemsPatchInput, o?: CallOptions): Promise<ItemsPutAnswer>;
    delete(input: ItemsDeleteInput, o?: CallOptions): Promise<ItemsPutAnswer>;
    /** Up to 10,000 of these in one call; a bad one is rejected alone. */
    write(items: ItemsWriteInput['items'], o?: CallOptions): Promise<ItemsWriteAnswer>;
  };
  users: {
    write(users: UsersWriteInput['users'], o?: CallOptions): Promise<ItemsWriteAnswer>;
    /** Joins what a visitor did to the user who has logged in. */
    identify(input: UsersIdentifyInput, o?: CallOptions): Promise<UsersIdentifyAnswer>;
    /** All that is kept of a customer, and its erasure, with a secret key of the scope `privacy`. */
    export(input: UsersExportInput, o?: CallOptions): Promise<UsersExportAnswer>;
    forget(input: UsersExportInput, o?: CallOptions): Promise<UsersForgetAnswer>;
    /** How far an erasure is, and its proof. */
    erasure(input: UsersErasureInput, o?: CallOptions): Promise<UsersForgetAnswer>;
  };
  /** Of the past, such as the orders of a shop's till. */
  interactions: {
    write(interactions: InteractionsWriteInput['interactions'], o?: CallOptions): Promise<ItemsWriteAnswer>;
  };
  events: Events;
  /** With a publishable key: the visitor's signed id, for the shop's server. */
  visitor(): Promise<string>;
  /** Sends the buffered events, then refuses further ones. */
  close(o?: { timeoutMs?: number }): Promise<void>;
}

/**
 * A typed client of the retrieval service for browsers, Node and edge runtimes: needs only `fetch`, `AbortSignal` and
 * `crypto.randomUUID`. Every failure is a `DuetClientError`.
 */
export function createDuetClient(options: DuetClientOptions): DuetClient {
  const transport = openTransport(options);
  const events = openEvents(transport, options);
  /** A procedure that may be called again: it reads, or its repeat changes nothing. */
  const calls =
    <Input, Answer>(procedure: string) =>
    (input: Input, o?: CallOptions) =>
      transport.read<Answer>(procedure, input, o);
  /** A list, of nobody where the visitor has not agreed to be somebody. */
  const list =
    <Input extends object, Answer = ListAnswer>(procedure: string) =>
    (input?: Input, o?: CallOptions) =>
      transport.read<Answer>(procedure, { ...input, ...(options.consent === false && { consent: false }) }, o);
  return {
    retrieve: list('retrieve'),
    similarItems: calls('similarItems'),
    similarUsers: calls('similarUsers'),
    search: list('search'),
    popular: list('popular'),
    trending: list('trending'),
    newArrivals: list('newArrivals'),
    recentlyViewed: list('recentlyViewed'),
    boughtTogether: list('boughtTogether'),
    catalogue: {
      shoppers: (input = {}, o) => transport.read('catalogue.shoppers', input, o),
      item: calls('catalogue.item'),
    },
    history: calls('history'),
    health: (o) => transport.read('health', undefined, o),
    items: {
      put: calls('items.put'),
      patch: calls('items.patch'),
      delete: calls('items.delete'),
      write: (items, o) => transport.read('items.write', { items }, o),
    },
    users: {
      write: (users, o) => transport.read('users.write', { users }, o),
      identify: calls('users.identify'),
      export: calls('users.export'),
      forget: calls('users.forget'),
      erasure: calls('users.erasure'),
    },
    interactions: { write: (interactions, o) => transport.read('interactions.write', { interactions }, o) },
    visitor: () => transport.visitor.signed(),
    events,
    close: events.close,
  };
}
