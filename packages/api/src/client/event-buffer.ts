import { DuetClientError } from './error.ts';
import { fullJitter, type RetryPolicy } from './retry.ts';

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
}

export interface EventBuffer<Event> {
  /** Events logged and not yet acknowledged. */
  readonly pending: number;
  add(event: Event): void;
  /** Resolves once every event added before the call is acknowledged or dropped. */
  flush(o?: { timeoutMs?: number }): Promise<void>;
  /** Flushes, then stops; what could not be sent within the time is dropped, and told. */
  close(o?: { timeoutMs?: number }): Promise<void>;
}

/** A server error repeated this often on the same batch is about the batch, and must not block the events behind it. */
const poisonAttempts = 10;

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

  const settle = (count: number) => {
    queue.splice(0, count);
    settled += count;
    for (const waiter of waiters) if (settled >= waiter.mark) waiter.resolve();
  };

  const backoff = (attempt: number) =>
    new Promise<void>((resolve) => {
      const pause = setTimeout(resolve, fullJitter(attempt, o.retry));
      wake = () => {
        clearTimeout(pause);
        resolve();
      };
    });

  const drain = async () => {
    if (sending) return;
    sending = true;
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
        } else await backoff(attempt);
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

  const flush = ({ timeoutMs = 10_000 } = {}) => {
    if (settled >= added) return Promise.resolve();
    return new Promise<void>((resolve, reject) => {
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
      if (queue.length >= o.batchSize) void drain();
      schedule();
    },
    flush,
    async close(options) {
      if (closed) return;
      try {
        await flush(options);
        closed = true;
      } catch (cause) {
        closed = true;
        wake?.();
        const left = queue.slice();
        settle(left.length);
        o.onDrop(left, `not sent before closing: ${(cause as Error).message}`);
      }
      clearTimeout(timer);
    },
  };
}
