/**
 * An item counts as seen once half of it has been in view for one second without a break, in a tab that is shown.
 * Source: Media Rating Council, "MRC Viewable Ad Impression Measurement Guidelines" 2.0 (2015), which IAB adopted:
 * ≥ 50 % of the pixels for ≥ 1 continuous second.
 */
const shareInView = 0.5;
const continuousMs = 1_000;

interface Watched {
  onSeen: () => void;
  inView: boolean;
  timer?: ReturnType<typeof setTimeout>;
}

/** Watches elements of a page. */
export interface Viewability {
  /** Calls `onSeen` once when the element has been seen. Returns how to stop waiting for it. */
  watch(element: Element, onSeen: () => void): () => void;
  close(): void;
}

export function openViewability(): Viewability {
  const watched = new Map<Element, Watched>();

  const forget = (element: Element) => {
    clearTimeout(watched.get(element)?.timer);
    watched.delete(element);
    observer.unobserve(element);
  };
  const update = (element: Element, entry: Watched) => {
    clearTimeout(entry.timer);
    if (!entry.inView || document.visibilityState !== 'visible') return;
    entry.timer = setTimeout(() => {
      forget(element);
      entry.onSeen();
    }, continuousMs);
  };
  const observer = new IntersectionObserver(
    (changes) => {
      for (const { target, isIntersecting, intersectionRatio } of changes) {
        const entry = watched.get(target);
        if (!entry) continue;
        entry.inView = isIntersecting && intersectionRatio >= shareInView;
        update(target, entry);
      }
    },
    { threshold: shareInView },
  );
  // A tab that is hidden stops every clock, and one that is shown again starts it anew.
  const updateAll = () => {
    for (const [element, entry] of watched) update(element, entry);
  };
  document.addEventListener('visibilitychange', updateAll);

  return {
    watch(element, onSeen) {
      watched.set(element, { onSeen, inView: false });
      observer.observe(element);
      return () => forget(element);
    },
    close() {
      for (const { timer } of watched.values()) clearTimeout(timer);
      watched.clear();
      observer.disconnect();
      document.removeEventListener('visibilitychange', updateAll);
    },
  };
}
