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

/** After so many server errors on the same events others are tried, to see whether it is about these. */
const doubtAfter = 10;

/** Changes of this long are written to the store at once. */
const saveAfterMs = 100;

/**
 * A bounded queue that sends batches in order, one at a time. A failed batch stays at the front and is sent again,
 * with the same event ids, until the server has acknowledged it: at-least-once here, exactly-once with the server's
 * idempotence.
 *
 * Events are given up only where the server says that it is about them: a batch that it refuses as such is halved until a
 * single event is refused. One that meets nothing but server errors is given up where others have got through meanwhile.
 * What is given up is kept aside by the store, and told.
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
  /** Events at the front among which one was refused: they are sent by halves. */
  let suspects = 0;
  let acknowledged = 0;
  /** Of events that met nothing but server errors: how many had been acknowledged by then. */
  const doubted = new Map<Event, number>();
  let lastError: DuetClientError | undefined;
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

  /** Gives up events of the front: nothing is thrown away where there is a store. */
  const giveUp = (events: Event[], reason: string) => {
    for (const event of events) doubted.delete(event);
    saving = saving
      .then(() => restored)
      .then(() => o.store?.setAside?.(events, reason))
      .catch((error) => o.onStoreFailure?.(error));
    o.onDrop(events, reason);
  };

  /** What to do about a batch that failed so often. @returns whether to wait before the next one is sent */
  const judge = (batch: Event[], error: DuetClientError, attempt: number): boolean => {
    const isOfBatch = error.code === 'bad-input';
    if (!isOfBatch && !(error.code === 'internal' && attempt >= doubtAfter)) {
      if (!error.transient) o.onRefused?.(error);
      return true;
    }
    if (batch.length > 1) {
      suspects = batch.length;
      return false;
    }
    const [event] = batch as [Event];
    suspects = 0;
    const before = doubted.get(event);
    if (isOfBatch || (before !== undefined && acknowledged > before)) {
      giveUp(batch, error.message);
      settle(1);
      return false;
    }
    // The others are tried first: where they get through, it is about this one.
    doubted.set(event, acknowledged);
    queue.push(queue.shift()!);
    changed();
    return queue.length === 1;
  };

  const drain = async () => {
    if (sending) return;
    sending = true;
    await restored;
    let attempt = 0;
    while (queue.length > 0 && (due || queue.length >= o.batchSize)) {
      const batch = queue.slice(0, suspects > 0 ? Math.ceil(suspects / 2) : o.batchSize);
      try {
        const { rejected } = await o.send(batch);
        if (closed) return; // Too late: these were told as dropped.
        for (const { index, reason } of rejected) giveUp([batch[index]!], reason);
        for (const event of doubted.size > 0 ? batch : []) doubted.delete(event);
        acknowledged += batch.length;
        suspects = Math.max(0, suspects - batch.length);
        settle(batch.length);
        attempt = 0;
      } catch (cause) {
        lastError = cause as DuetClientError;
        attempt += 1;
        if (closed) return;
        if (judge(batch, lastError, attempt)) await backoff(attempt, lastError);
        else attempt = 0;
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
        const why = lastError === undefined ? '' : ` ${lastError.message}`;
        const what = `${queue.length} events are not acknowledged after ${timeoutMs} ms; they stay buffered.${why}`;
        reject(new DuetClientError('timeout', what, { transient: true, cause: lastError }));
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
