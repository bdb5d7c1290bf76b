/**
 * An item counts as seen once half of its card has been in view for one second without a break, in a tab that is shown.
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

const watched = new Map<Element, Watched>();
let observer: IntersectionObserver | undefined;

function update(element: Element, card: Watched): void {
  clearTimeout(card.timer);
  if (!card.inView || document.visibilityState !== 'visible') return;
  card.timer = setTimeout(() => {
    stopWatching(element);
    card.onSeen();
  }, continuousMs);
}

const updateAll = () => {
  for (const [element, card] of watched) update(element, card);
};

function stopWatching(element: Element): void {
  clearTimeout(watched.get(element)?.timer);
  watched.delete(element);
  observer?.unobserve(element);
  if (watched.size > 0) return;
  observer?.disconnect();
  observer = undefined;
  document.removeEventListener('visibilitychange', updateAll);
}

/** Calls `onSeen` once when the element has been seen. Returns how to stop waiting for it. */
export function whenSeen(element: Element, onSeen: () => void): () => void {
  if (!observer) {
    observer = new IntersectionObserver(
      (changes) => {
        for (const { target, isIntersecting, intersectionRatio } of changes) {
          const card = watched.get(target);
          if (!card) continue;
          card.inView = isIntersecting && intersectionRatio >= shareInView;
          update(target, card);
        }
      },
      { threshold: shareInView },
    );
    document.addEventListener('visibilitychange', updateAll);
  }
  watched.set(element, { onSeen, inView: false });
  observer.observe(element);
  return () => stopWatching(element);
}
