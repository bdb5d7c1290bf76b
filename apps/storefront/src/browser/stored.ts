/** A value that lives in web storage, shared by every component that shows it. */
export interface Stored<T> {
  read(): T;
  write(value: T): void;
  subscribe(onChange: () => void): () => void;
}

/**
 * @param storage whose keys it uses; `local` is shared by all tabs, `session` is one tab's
 * @param empty the value where nothing is stored, what is stored cannot be read, or storage is refused (private
 *   windows)
 */
export function stored<T>(storage: 'local' | 'session', key: string, empty: T): Stored<T> {
  const listeners = new Set<() => void>();
  let value: T | undefined;
  const open = () => (storage === 'local' ? localStorage : sessionStorage);

  const read = () => {
    if (value !== undefined) return value;
    try {
      const text = open().getItem(key);
      value = text === null ? empty : (JSON.parse(text) as T);
    } catch {
      value = empty;
    }
    return value;
  };

  const fromOtherTab = (event: StorageEvent) => {
    if (event.key !== key) return;
    value = undefined;
    for (const tell of listeners) tell();
  };

  return {
    read,
    write(next) {
      value = next;
      try {
        open().setItem(key, JSON.stringify(next));
      } catch {
        // A full or forbidden storage costs only what a reload would have remembered.
      }
      for (const tell of listeners) tell();
    },
    subscribe(onChange) {
      if (listeners.size === 0) addEventListener('storage', fromOtherTab);
      listeners.add(onChange);
      return () => {
        listeners.delete(onChange);
        if (listeners.size === 0) removeEventListener('storage', fromOtherTab);
      };
    },
  };
}
