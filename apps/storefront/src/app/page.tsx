import { Suspense } from 'react';
import { GridSkeleton } from '../components/item-grid.tsx';
import { OtherList } from '../components/other-list.tsx';
import { Recommendations, recommendationCount } from '../components/recommendations.tsx';
import { pageShopper } from '../server/session.ts';

export default async function Home() {
  const userId = await pageShopper();
  return (
    <>
      <section aria-labelledby="for-you">
        <h1 id="for-you" className="mb-6 font-bold text-3xl sm:text-4xl">
          Recommended for you
        </h1>
        <Suspense fallback={<GridSkeleton count={recommendationCount / 2} />}>
          <Recommendations userId={userId} />
        </Suspense>
      </section>
      <Suspense>
        <OtherList
          id="trending"
          title="Trending this week"
          procedure="trending"
          list={(duet) => duet.trending({ userId, k: 4, placement: 'trending' })}
        />
      </Suspense>
    </>
  );
}
