'use client';

import { type ReactNode, useEffect, useRef, useState } from 'react';

/** What may be wider than its place: it scrolls, by keyboard too, and a shade at an edge says that there is more. */
export function ScrollX({ children, label = 'Table, scrolls sideways' }: { children: ReactNode; label?: string }) {
  const box = useRef<HTMLDivElement>(null);
  const [more, setMore] = useState({ left: false, right: false });
  useEffect(() => {
    const { current } = box;
    if (current === null) return;
    const look = () => {
      const { scrollLeft, scrollWidth, clientWidth } = current;
      const next = { left: scrollLeft > 1, right: scrollLeft + clientWidth < scrollWidth - 1 };
      setMore((now) => (now.left === next.left && now.right === next.right ? now : next));
    };
    const resized = new ResizeObserver(look);
    resized.observe(current);
    for (const child of current.children) resized.observe(child);
    current.addEventListener('scroll', look, { passive: true });
    return () => {
      resized.disconnect();
      current.removeEventListener('scroll', look);
    };
  }, []);
  const scrolls = more.left || more.right;
  return (
    <div className="edges" data-left={more.left || undefined} data-right={more.right || undefined}>
      <div
        ref={box}
        className="relative overflow-x-auto"
        {...(scrolls && { role: 'group', 'aria-label': label, tabIndex: 0 })}
      >
        {children}
      </div>
    </div>
  );
}
