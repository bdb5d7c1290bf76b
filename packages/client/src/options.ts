import type { EventsLogInput } from '@duet/api';
import type { EventStore } from './event-store.ts';
import type { RetryPolicy } from './retry.ts';

/** An event as the server takes it. */
export type SentEvent = EventsLogInput['events'][number];
/** An event as a storefront logs it: the client adds its id and time where they are left out. */
export type LoggedEvent = Omit<SentEvent, 'eventId' | 'occurredAt'> &
  Partial<Pick<SentEvent, 'eventId' | 'occurredAt'>>;

/** How the service is reached, and as whom. */
export interface ConnectionOptions {
  /** The retrieval service's address, such as `http://127.0.0.1:4300`. */
  url: string;
  /** A server's secret key (`sk_…`), or in a page a publishable one (`pk_…`), with the scopes the calls need. */
  apiKey?: string | undefined;
  /**
   * With a publishable key: the visitor's signed id, which the shop's server makes with `signVisitor`. Without it Duet
   * makes an id at the first call, which the page's `localStorage` keeps.
   */
  visitor?: string | undefined;
  /**
   * False while a visitor has agreed to nothing: lists are those that everybody gets, events are not logged, and no id is
   * made, sent or kept.
   */
  consent?: boolean | undefined;
  fetch?: typeof fetch | undefined;
  /** Limit of one attempt; 5 s where it is not said. */
  timeoutMs?: number | undefined;
  /** Limit of a call, all attempts and waits together; 10 s, or `timeoutMs` where that is more. */
  deadlineMs?: number | undefined;
  retry?: Partial<RetryPolicy> | undefined;
}

/** How events are gathered, sent and kept. */
export interface EventOptions {
  batchSize?: number | undefined;
  flushAfterMs?: number | undefined;
  capacity?: number | undefined;
  /** Told of events as they are logged. */
  onLog?: ((events: SentEvent[]) => void) | undefined;
  /** Told of events that the service has. */
  onStored?: ((events: SentEvent[]) => void) | undefined;
  /** Told of events that will never arrive, and why. */
  onDrop?: ((events: SentEvent[], reason: string) => void) | undefined;
  /**
   * Where events wait while the service cannot be reached, beyond the life of this page or process: `localStorage` in a
   * browser, else memory, unless it is said here. False keeps them in memory.
   */
  store?: EventStore<SentEvent> | false | undefined;
}

export interface DuetClientOptions extends ConnectionOptions {
  events?: EventOptions | undefined;
  now?: (() => number) | undefined;
}

export interface CallOptions {
  signal?: AbortSignal | undefined;
  /** Limit of this call, all attempts and waits together. */
  deadlineMs?: number | undefined;
}
