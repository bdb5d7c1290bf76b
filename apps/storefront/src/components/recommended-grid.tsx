'use client';

import type { RetrieveAnswer } from '@duet/client';
import { Recommendations } from '@duet/react';
import type { ReactNode } from 'react';
import { ItemCard } from './item-card.tsx';
import { grid } from './item-grid.tsx';

interface Props {
  /** What this shop's server was answered: the page arrives with it. */
  initial: RetrieveAnswer;
  heading: ReactNode;
  k: number;
  placement: string;
}

/** The shopper's recommendations; the browser itself asks Duet for further pages. */
export function RecommendedGrid({ initial, heading, k, placement }: Props) {
  return (
    <Recommendations
      placement={placement}
      k={k}
      initial={initial}
      label="Recommended for you"
      heading={heading}
      className="list"
      listClassName={grid}
      more="Show more"
      empty={<p className="card p-8 text-center text-quiet">There is nothing to recommend yet.</p>}
    >
      {(item) => <ItemCard item={{ ...item, currency: initial.currency }} />}
    </Recommendations>
  );
}
