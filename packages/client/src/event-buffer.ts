import { DuetClientError } from './error.ts';
import type { EventStore } from './event-store.ts';
import { type RetryPolicy, waitMs } from './retry.ts';
import { fullReason, openStoredQueue, type StoredQueue } from './stored-queue.ts';
import { Suspicion } from './suspicion.ts';

/** What the server said of one batch: positions in the batch that it refused, and why. */
interface BatchAnswer {
  rejected: { index: number; reason: string }[];
}

export interface EventBufferOptions<Event> {
  /**
   * Sends one batch once; throws a DuetClientError. Repeating a batch must be harmless (the server drops repeated event
   * ids).
   */
  send: (batch: Event[]) => Promise<BatchAnswer>;
  /** Events a call; a full batch is sent at once. */
  batchSize: number;
  /** The longest an event waits for its batch to fill. */
  flushAfterMs: number;
  /** Events kept at most, the batch in flight included. Past it new events are dropped. */
  capacity: number;
  /** Told of every event that will never arrive by itself, and why: the store keeps it aside. */
  onDrop: (events: Event[], reason: string) => void;
  /** Told why events wait that the service does not take from this client at all. */
  onRefused?: (error: DuetClientError) => void;
  retry: RetryPolicy;
  /** Keeps what waits, beyond the life of this page or process. */
  store?: EventStore<Event> | undefined;
  /** Told of a store that fails: the events then wait in memory alone. */
  onStoreFailure?: (error: unknown) => void;
}

export interface EventBuffer<Event> {
  /** Events logged and not yet acknowledged. */
  readonly pending: number;
  add(event: Event): void;
  /** Resolves once every event added before the call is acknowledged or dropped. */
  flush(o?: { timeoutMs?: number }): Promise<void>;
  /** Writes what waits into the store now, as far as a store may take its time otherwise. */
  save(): Promise<void>;
  /** Flushes, then stops; what could not be sent within the time stays in the store, or is dropped, and told. */
  close(o?: { timeoutMs?: number }): Promise<void>;
}

/**
 * A bounded queue that sends batches in order, one at a time. A failed batch stays at the front and is sent again,
 * with the same event ids, until the server has acknowledged it: at-least-once here, exactly-once with the server's
 * idempotence.
 *
 * Events are given up only where the server says that it is about them: a batch that it refuses as such is halved until
 * a single event is refused. One that meets nothing but server errors is given up where others have got through
 * meanwhile. What is given up is kept aside by the store, and told.
 */
export function createEventBuffer<Event>(options: EventBufferOptions<Event>): EventBuffer<Event> {
  const buffer = new Sender(options);
  return {
    get pending() {
      return buffer.queue.events.length;
    },
    add: (event) => buffer.add(event),
    flush: (o) => buffer.flush(o),
    save: () => buffer.queue.save(),
    close: (o) => buffer.close(o),
  };
}

class Sender<Event> {
  readonly queue: StoredQueue<Event>;
  readonly #o: EventBufferOptions<Event>;
  readonly #suspicion = new Suspicion<Event>();
  readonly #waiters = new Set<{ mark: number; resolve: () => void }>();
  /** Events ever taken, and those acknowledged or dropped since: a flush waits for these to reach its mark. */
  #added = 0;
  #settled = 0;
  #closed = false;
  #due = false;
  #sending = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #wake: (() => void) | undefined;
  #lastError: DuetClientError | undefined;

  constructor(options: EventBufferOptions<Event>) {
    this.#o = options;
    this.queue = openStoredQueue(options);
    // What earlier clients left goes first. Nothing is sent before it is there.
    void this.queue.restored.then((count) => {
      this.#added += count;
      if (this.queue.events.length > 0) this.#schedule();
    });
  }

  add(event: Event): void {
    const { capacity, batchSize, onDrop } = this.#o;
    if (this.#closed) throw new DuetClientError('closed', 'The client is closed: it takes no more events.');
    if (this.queue.events.length >= capacity) {
      onDrop([event], fullReason(capacity));
      return;
    }
    this.queue.events.push(event);
    this.#added += 1;
    this.queue.changed();
    if (this.queue.events.length >= batchSize) void this.#drain();
    this.#schedule();
  }

  async flush({ timeoutMs = 10_000 }: { timeoutMs?: number } = {}): Promise<void> {
    await this.queue.restored;
    if (this.#settled >= this.#added) return;
    await new Promise<void>((resolve, reject) => {
      const deadline = setTimeout(() => {
        this.#waiters.delete(waiter);
        const why = this.#lastError === undefined ? '' : ` ${this.#lastError.message}`;
        const count = this.queue.events.length;
        const what = `${count} events are not acknowledged after ${timeoutMs} ms; they stay buffered.${why}`;
        reject(new DuetClientError('timeout', what, { transient: true, cause: this.#lastError }));
      }, timeoutMs);
      const waiter = {
        mark: this.#added,
        resolve: () => {
          clearTimeout(deadline);
          this.#waiters.delete(waiter);
          resolve();
        },
      };
      this.#waiters.add(waiter);
      this.#start();
    });
  }

  async close(options?: { timeoutMs?: number }): Promise<void> {
    if (this.#closed) return;
    const isKept = this.#o.store !== undefined;
    try {
      await this.flush(options);
      this.#closed = true;
    } catch (cause) {
      this.#closed = true;
      this.#wake?.();
      if (!isKept) {
        const left = this.queue.events.slice();
        this.#settle(left.length);
        this.#o.onDrop(left, `not sent before closing: ${(cause as Error).message}`);
      }
    }
    if (isKept) await this.queue.save();
    clearTimeout(this.#timer);
    this.queue.close();
  }

  #start = () => {
    this.#due = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#wake?.();
    void this.#drain();
  };

  #schedule() {
    if (this.#timer !== undefined || this.#sending) return;
    this.#timer = setTimeout(this.#start, this.#o.flushAfterMs);
    // A Node process may end although events wait: `close()` is what makes it wait for them.
    (this.#timer as { unref?: () => void }).unref?.();
  }

  async #drain() {
    if (this.#sending) return;
    this.#sending = true;
    await this.queue.restored;
    const { events } = this.queue;
    let attempt = 0;
    while (events.length > 0 && (this.#due || events.length >= this.#o.batchSize)) {
      const batch = events.slice(0, this.#suspicion.size(this.#o.batchSize));
      try {
        const { rejected } = await this.#o.send(batch);
        if (this.#closed) return; // Too late: these were told as dropped.
        for (const { index, reason } of rejected) this.#giveUp([batch[index]!], reason);
        this.#suspicion.clear(batch);
        this.#settle(batch.length);
        attempt = 0;
      } catch (cause) {
        this.#lastError = cause as DuetClientError;
        attempt += 1;
        if (this.#closed) return;
        if (this.#judge(batch, this.#lastError, attempt)) await this.#backoff(attempt, this.#lastError);
        else attempt = 0;
      }
    }
    this.#sending = false;
    if (events.length === 0) this.#due = false;
    else if (!this.#closed) this.#schedule();
  }

  /** What to do about a batch that failed so often. @returns whether to wait before the next one is sent */
  #judge(batch: Event[], error: DuetClientError, attempt: number): boolean {
    const { events } = this.queue;
    const verdict = this.#suspicion.judge(batch, error, attempt);
    if (verdict === 'wait') {
      if (!error.transient) this.#o.onRefused?.(error);
      return true;
    }
    if (verdict === 'halve') return false;
    if (verdict === 'give-up') {
      this.#giveUp(batch, error.message);
      this.#settle(1);
      return false;
    }
    // The others are tried first: where they get through, it is about this one.
    events.push(events.shift()!);
    this.queue.changed();
    return events.length === 1;
  }

  #backoff(attempt: number, error: DuetClientError) {
    return new Promise<void>((resolve) => {
      const pause = setTimeout(resolve, waitMs(attempt, this.#o.retry, error));
      this.#wake = () => {
        clearTimeout(pause);
        resolve();
      };
    });
  }

  /** Gives up events of the front: nothing is thrown away where there is a store. */
  #giveUp(events: Event[], reason: string) {
    this.queue.setAside(events, reason);
    this.#o.onDrop(events, reason);
  }

  #settle(count: number) {
    this.queue.events.splice(0, count);
    this.queue.changed();
    this.#settled += count;
    for (const waiter of this.#waiters) if (this.#settled >= waiter.mark) waiter.resolve();
  }
}
