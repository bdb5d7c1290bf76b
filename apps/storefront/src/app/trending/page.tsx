import type { Metadata } from 'next/types';
import { Suspense } from 'react';
import { GridSkeleton } from '../../components/item-grid.tsx';
import { ListSection } from '../../components/list-section.tsx';
import { pageShopper } from '../../server/session.ts';

export const metadata: Metadata = { title: 'Trending' };

const empty = <p className="card p-8 text-center text-quiet">Nothing yet.</p>;

export default async function Trending() {
  const userId = await pageShopper();
  return (
    <>
      <Suspense fallback={<GridSkeleton count={8} />}>
        <ListSection
          title="Trending this week"
          placement="trending"
          procedure="trending"
          list={(duet) => duet.trending({ userId, k: 12, placement: 'trending', seen: 'show' })}
          empty={empty}
          needed="what is trending"
          isMain
        />
      </Suspense>
      <Suspense>
        <ListSection
          title="Best sellers of the month"
          placement="trending-popular"
          procedure="popular"
          list={(duet) => duet.popular({ userId, k: 8, placement: 'trending-popular', seen: 'show' })}
        />
      </Suspense>
      <Suspense>
        <ListSection
          title="New in the shop"
          placement="trending-new"
          procedure="newArrivals"
          list={(duet) => duet.newArrivals({ userId, k: 8, placement: 'trending-new', seen: 'show' })}
        />
      </Suspense>
    </>
  );
}
