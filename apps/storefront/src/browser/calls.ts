/** One call of the retrieval service that this page shows the answer of: what the panel behind the scenes tells. */
export interface Call {
  /** Unlike for each answer. */
  id: string;
  procedure:
    | 'retrieve'
    | 'similarItems'
    | 'search'
    | 'popular'
    | 'newArrivals'
    | 'recentlyViewed'
    | 'trending'
    | 'boughtTogether'
    | 'history'
    | 'catalogue.item'
    | 'catalogue.shoppers';
  roundTripMs: number;
  facts: [name: string, value: string][];
  failure?: string;
}

const none: Call[] = [];
let calls = none;
const listeners = new Set<() => void>();

/** Shows a call while its answer is on the page. Returns how to take it away. */
export function showCall(call: Call): () => void {
  const change = (next: Call[]) => {
    calls = next;
    for (const tell of listeners) tell();
  };
  change([...calls.filter(({ id }) => id !== call.id), call]);
  return () => change(calls.filter(({ id }) => id !== call.id));
}

export const shownCalls = {
  read: () => calls,
  readOnServer: () => none,
  subscribe(onChange: () => void) {
    listeners.add(onChange);
    return () => {
      listeners.delete(onChange);
    };
  },
};
