/**
 * Where events wait that could not be sent, so that they outlive the page or process. Each client keeps its own; the
 * next one takes what earlier ones left. Two may take the same: the server drops an event that it has.
 */
export interface EventStore<Event> {
  /**
   * What other clients left, which is the caller's from now on. It is forgotten once the caller has kept it: a crash
   * loses nothing.
   */
  take(): Event[] | Promise<Event[]>;
  /** Replaces what this client keeps; an empty list leaves nothing behind. */
  keep(events: readonly Event[]): void | Promise<void>;
  /** Keeps what the service will not take as it is, for people to look at: nobody sends it again. */
  setAside?(events: readonly Event[], reason: string): void | Promise<void>;
}

/** What was set aside, and why. */
export interface AsideEvents<Event> {
  reason: string;
  events: readonly Event[];
}

/** What the store needs of `localStorage`. */
export interface KeyValueStorage {
  readonly length: number;
  key(index: number): string | null;
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/** Events in a browser's `localStorage` (about 5 MB: ten thousand events fit). */
export function browserStore<Event>(
  storage: KeyValueStorage,
  { prefix = 'duet-events:', id = crypto.randomUUID() as string } = {},
): EventStore<Event> {
  const storageKey = `${prefix}${id}`;
  // Not of the prefix, by which the next client finds what is to be sent.
  const aside = `aside-${storageKey}`;
  let taken: string[] = [];
  return {
    take() {
      const keys = Array.from({ length: storage.length }, (_, index) => storage.key(index));
      taken = keys.filter((key) => key?.startsWith(prefix) && key !== storageKey) as string[];
      return taken.flatMap((key) => eventsIn<Event>(storage.getItem(key)));
    },
    keep(events) {
      if (events.length === 0) storage.removeItem(storageKey);
      else storage.setItem(storageKey, JSON.stringify(events));
      for (const key of taken.splice(0)) storage.removeItem(key);
    },
    setAside(events, reason) {
      const before = eventsIn<AsideEvents<Event>>(storage.getItem(aside));
      storage.setItem(aside, JSON.stringify([...before, { reason, events }]));
    },
  };
}

/** The list that a text holds; nothing where it is cut off or somebody else's. */
export function eventsIn<Event>(text: string | null): Event[] {
  try {
    const events: unknown = JSON.parse(text ?? '[]');
    return Array.isArray(events) ? events : [];
  } catch {
    return [];
  }
}

/** The page's `localStorage`; undefined outside a browser, and where its user forbids it. */
export function pageStorage(): KeyValueStorage | undefined {
  const page = globalThis as { document?: unknown; localStorage?: KeyValueStorage };
  try {
    return page.document === undefined ? undefined : page.localStorage;
  } catch {
    // Reading it throws a SecurityError where site data are blocked: the events then wait in memory.
    return undefined;
  }
}
