'use client';

import type { ReactNode } from 'react';
import { useShownItem } from './shown-list.tsx';

export interface NotInterestedProps {
  /** The button's words. */
  children?: ReactNode;
  /** What assistive technology calls it, with the item's name: "Not interested in Red mug". */
  label?: string | undefined;
  className?: string | undefined;
}

/** A button by which a shopper says that they do not want the item of the list that it stands in; nothing outside one. */
export function NotInterested({ children = 'Not interested', label, className }: NotInterestedProps) {
  const shown = useShownItem();
  if (shown === undefined) return null;
  return (
    <button type="button" aria-label={label} className={className} onClick={shown.dislike}>
      {children}
    </button>
  );
}
