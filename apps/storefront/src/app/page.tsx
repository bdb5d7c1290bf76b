import { Suspense } from 'react';
import { GridSkeleton } from '../components/item-grid.tsx';
import { Recommendations, recommendationCount } from '../components/recommendations.tsx';
import { pageShopper } from '../server/session.ts';

export default async function Home() {
  const userId = await pageShopper();
  return (
    <>
      <h1 className="mb-6 font-bold text-3xl sm:text-4xl">Recommended for you</h1>
      <Suspense fallback={<GridSkeleton count={recommendationCount / 2} />}>
        <Recommendations userId={userId} />
      </Suspense>
    </>
  );
}
