import type { EventStore } from './event-store.ts';

export interface StoredQueueOptions<Event> {
  /** Events kept at most. */
  capacity: number;
  /** Keeps what waits, beyond the life of this page or process. */
  store?: EventStore<Event> | undefined;
  onStoreFailure?: ((error: unknown) => void) | undefined;
  /** Told of what an earlier client left and for which there is no room. */
  onDrop: (events: Event[], reason: string) => void;
}

export interface StoredQueue<Event> {
  readonly events: Event[];
  /** Resolves to how many events of earlier clients were put in front. */
  readonly restored: Promise<number>;
  /** Says that the events are others: the store follows soon. */
  changed(): void;
  /** Writes what waits into the store now. */
  save(): Promise<void>;
  /** Keeps in the store, for people, what will not be sent again. */
  setAside(events: Event[], reason: string): void;
  close(): void;
}

/** Changes of this long are written to the store at once. */
const saveAfterMs = 100;

/** Events that wait, and their copy in a store where there is one. What the store fails at is told, never thrown. */
export function openStoredQueue<Event>(o: StoredQueueOptions<Event>): StoredQueue<Event> {
  const events: Event[] = [];
  const { store } = o;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const restore = async () => {
    if (store === undefined) return 0;
    try {
      const left = await store.take();
      const room = Math.max(0, o.capacity - events.length);
      if (left.length > room) o.onDrop(left.splice(room), fullReason(o.capacity));
      events.unshift(...left);
      await store.keep(events);
      return left.length;
    } catch (error) {
      o.onStoreFailure?.(error);
      return 0;
    }
  };
  const restored = restore();
  let written: Promise<void> = restored.then(() => undefined);
  /** One write after the other, each of what waits by then. */
  const write = (run: () => void | Promise<void>) => {
    written = written.then(run).catch((error) => o.onStoreFailure?.(error));
    return written;
  };
  const save = () => {
    clearTimeout(timer);
    timer = undefined;
    return write(() => store?.keep(events));
  };

  return {
    events,
    restored,
    save,
    changed() {
      if (store === undefined || timer !== undefined) return;
      timer = setTimeout(save, saveAfterMs);
      (timer as { unref?: () => void }).unref?.();
    },
    setAside: (aside, reason) => void write(() => store?.setAside?.(aside, reason)),
    close: () => clearTimeout(timer),
  };
}

export const fullReason = (capacity: number): string => `the buffer is full (${capacity} events)`;
