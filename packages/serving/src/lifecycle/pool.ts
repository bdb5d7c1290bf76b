import { countReferences, type Referenced } from './reference-count.ts';

interface Entry<T> {
  opened: Promise<{ referenced: Referenced<T>; release: () => void }>;
  /** Once it is open. */
  referenced?: Referenced<T>;
  /** Settles once the value is disposed, or never opened. */
  closed: Promise<void>;
}

/** Things that are opened once by key, used by many requests, and disposed after their last use. */
export interface Pool<T> extends AsyncDisposable {
  /** Runs `work` with the value of a key, which stays open until then whatever else happens. */
  use<R>(key: string, open: () => Promise<T>, work: (value: T) => Promise<R> | R): Promise<R>;
  /** Runs `work` with every value that is open by now, as {@link Pool.use} does. */
  each(work: (value: T) => Promise<unknown>): Promise<void>;
  /** Lets go of everything but the `needed` keys and, of the `allowed` ones, the `spare` that were used last. */
  keep(needed: ReadonlySet<string>, allowed: ReadonlySet<string>): void;
}

/** @param onDisposeError hears of a value that could not be disposed: nobody else waits for it */
export function createPool<T extends AsyncDisposable>(
  spare: number,
  onDisposeError: (error: unknown) => void,
): Pool<T> {
  const entries = new Map<string, Entry<T>>(); // in order of last use
  const closing = new Set<Promise<void>>();

  const open = (key: string, from: () => Promise<T>): Entry<T> => {
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    const opened = from().then((value) =>
      countReferences(value, async (unused) => {
        try {
          await unused[Symbol.asyncDispose]();
        } catch (error) {
          onDisposeError(error);
        }
        resolve();
      }),
    );
    const entry: Entry<T> = { opened, closed };
    opened.then(
      ({ referenced }) => {
        entry.referenced = referenced;
      },
      // A failure is not kept: the next use tries again.
      () => {
        if (entries.get(key) === entry) entries.delete(key);
        resolve();
      },
    );
    return entry;
  };

  const retire = (key: string, entry: Entry<T>) => {
    entries.delete(key);
    closing.add(entry.closed);
    void entry.closed.then(() => closing.delete(entry.closed));
    // Requests that found the entry before this line took their hold in an earlier reaction to the same promise.
    void entry.opened.then(
      ({ release }) => release(),
      () => {},
    );
  };

  const holding = async <R>(referenced: Referenced<T>, work: (value: T) => Promise<R> | R): Promise<R> => {
    const letGo = referenced.hold();
    try {
      return await work(referenced.value);
    } finally {
      letGo();
    }
  };

  return {
    async use(key, from, work) {
      const entry = entries.get(key) ?? open(key, from);
      entries.delete(key);
      entries.set(key, entry);
      return await holding((await entry.opened).referenced, work);
    },
    async each(work) {
      await Promise.all(Array.from(entries.values(), ({ referenced }) => referenced && holding(referenced, work)));
    },
    keep(needed, allowed) {
      let spares = spare;
      for (const [key, entry] of [...entries].reverse()) {
        if (needed.has(key) || (allowed.has(key) && spares-- > 0)) continue;
        retire(key, entry);
      }
    },
    async [Symbol.asyncDispose]() {
      for (const [key, entry] of [...entries]) retire(key, entry);
      await Promise.all(closing);
    },
  };
}
