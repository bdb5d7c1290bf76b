import { DuetClientError } from './error.ts';
import type { EventStore } from './event-store.ts';
import { type RetryPolicy, waitMs } from './retry.ts';

/** What the server said of one batch: positions in the batch that it refused, and why. */
interface BatchAnswer {
  rejected: { index: number; reason: string }[];
}

export interface EventBufferOptions<Event> {
  /** Sends one batch once; throws a DuetClientError. Repeating a batch must be harmless (the server drops repeated event ids). */
  send: (batch: Event[]) => Promise<BatchAnswer>;
  /** Events a call; a full batch is sent at once. */
  batchSize: number;
  /** The longest an event waits for its batch to fill. */
  flushAfterMs: number;
  /** Events kept at most, the batch in flight included. Past it new events are dropped. */
  capacity: number;
  /** Told of every event that will never arrive, and why. */
  onDrop: (events: Event[], reason: string) => void;
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

/** A server error repeated this often on the same batch is about the batch, and must not block the events behind it. */
const poisonAttempts = 10;

/** Changes of this long are written to the store at once. */
const saveAfterMs = 100;

/**
 * A bounded queue that sends batches in order, one at a time. A failed batch stays at the front and is sent again,
 * with the same event ids, until the server has acknowledged it: at-least-once here, exactly-once with the server's
 * idempotence.
 */
export function createEventBuffer<Event>(o: EventBufferOptions<Event>): EventBuffer<Event> {
  const queue: Event[] = [];
  let settled = 0; // events ever acknowledged or dropped from the front: flush waits for it to reach its mark
  let added = 0;
  let closed = false;
  let due = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let wake: (() => void) | undefined;
  let sending = false;
  const waiters = new Set<{ mark: number; resolve: () => void }>();
  let saving: Promise<void> = Promise.resolve();
  let saveTimer: ReturnType<typeof setTimeout> | undefined;

  const save = (): Promise<void> => {
    clearTimeout(saveTimer);
    saveTimer = undefined;
    // One write after the other, each of what waits by then.
    saving = saving
      .then(() => restored)
      .then(() => o.store?.keep(queue))
      .catch((error) => o.onStoreFailure?.(error));
    return saving;
  };
  const changed = () => {
    if (o.store === undefined || saveTimer !== undefined) return;
    saveTimer = setTimeout(save, saveAfterMs);
    (saveTimer as { unref?: () => void }).unref?.();
  };

  const settle = (count: number) => {
    queue.splice(0, count);
    changed();
    settled += count;
    for (const waiter of waiters) if (settled >= waiter.mark) waiter.resolve();
  };

  const backoff = (attempt: number, error: DuetClientError) =>
    new Promise<void>((resolve) => {
      const pause = setTimeout(resolve, waitMs(attempt, o.retry, error));
      wake = () => {
        clearTimeout(pause);
        resolve();
      };
    });

  const drain = async () => {
    if (sending) return;
    sending = true;
    await restored;
    let attempt = 0;
    while (queue.length > 0 && (due || queue.length >= o.batchSize)) {
      const batch = queue.slice(0, o.batchSize);
      try {
        const { rejected } = await o.send(batch);
        if (closed) return; // Too late: these were told as dropped.
        for (const { index, reason } of rejected) o.onDrop([batch[index]!], reason);
        settle(batch.length);
        attempt = 0;
      } catch (cause) {
        const error = cause as DuetClientError;
        attempt += 1;
        if (closed) return;
        if (!error.transient || (error.code === 'internal' && attempt >= poisonAttempts)) {
          o.onDrop(batch, error.message);
          settle(batch.length);
          attempt = 0;
        } else await backoff(attempt, error);
      }
    }
    sending = false;
    if (queue.length === 0) due = false;
    else if (!closed) schedule();
  };

  const start = () => {
    due = true;
    clearTimeout(timer);
    timer = undefined;
    wake?.();
    void drain();
  };

  const schedule = () => {
    if (timer !== undefined || sending) return;
    timer = setTimeout(start, o.flushAfterMs);
    // A Node process may end although events wait: `close()` is what makes it wait for them.
    (timer as { unref?: () => void }).unref?.();
  };

  /** What earlier clients left goes first. Nothing is sent before it is there. */
  const restored = (async () => {
    if (o.store === undefined) return;
    try {
      const left = await o.store.take();
      const room = Math.max(0, o.capacity - queue.length);
      if (left.length > room) o.onDrop(left.splice(room), `the buffer is full (${o.capacity} events)`);
      queue.unshift(...left);
      added += left.length;
      await o.store.keep(queue);
      if (queue.length > 0) schedule();
    } catch (error) {
      o.onStoreFailure?.(error);
    }
  })();

  const flush = async ({ timeoutMs = 10_000 } = {}) => {
    await restored;
    if (settled >= added) return;
    await new Promise<void>((resolve, reject) => {
      const deadline = setTimeout(() => {
        waiters.delete(waiter);
        const what = `${queue.length} events are not acknowledged after ${timeoutMs} ms; they stay buffered.`;
        reject(new DuetClientError('timeout', what, { transient: true }));
      }, timeoutMs);
      const waiter = {
        mark: added,
        resolve: () => {
          clearTimeout(deadline);
          waiters.delete(waiter);
          resolve();
        },
      };
      waiters.add(waiter);
      start();
    });
  };

  return {
    get pending() {
      return queue.length;
    },
    add(event) {
      if (closed) throw new DuetClientError('closed', 'The client is closed: it takes no more events.');
      if (queue.length >= o.capacity) {
        o.onDrop([event], `the buffer is full (${o.capacity} events)`);
        return;
      }
      queue.push(event);
      added += 1;
      changed();
      if (queue.length >= o.batchSize) void drain();
      schedule();
    },
    flush,
    save,
    async close(options) {
      if (closed) return;
      try {
        await flush(options);
        closed = true;
        if (o.store !== undefined) await save();
      } catch (cause) {
        closed = true;
        wake?.();
        if (o.store === undefined) {
          const left = queue.slice();
          settle(left.length);
          o.onDrop(left, `not sent before closing: ${(cause as Error).message}`);
        } else await save();
      }
      clearTimeout(timer);
      clearTimeout(saveTimer);
    },
  };
}
