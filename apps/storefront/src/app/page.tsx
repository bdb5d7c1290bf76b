import { Suspense } from 'react';
import { CategoryLinks } from '../components/category-links.tsx';
import { GridSkeleton } from '../components/item-grid.tsx';
import { ListSection } from '../components/list-section.tsx';
import { RecommendedGrid } from '../components/recommended-grid.tsx';
import { ShownCall } from '../components/shown-call.tsx';
import { Unavailable } from '../components/unavailable.tsx';
import { callOf, factsOf } from '../server/call-facts.ts';
import { ask } from '../server/retrieval.ts';
import { pageShopper } from '../server/session.ts';

const k = 24;

/** What Duet recommends to the shopper: asked by the server, gone on with by the browser. */
async function ForYou({ userId }: { userId: string }) {
  const placement = 'home';
  const answer = await ask((duet) => duet.retrieve({ userId, k, placement }));
  const call = <ShownCall call={callOf('retrieve', answer, factsOf)} />;
  const title = <h1 className="page-title">Recommended for you</h1>;
  if (!answer.ok) {
    return (
      <section>
        {call}
        {title}
        <Unavailable what="your recommendations" />
      </section>
    );
  }
  const heading = (
    <>
      {title}
      <p className="-mt-4 mb-6 text-quiet">
        {answer.value.known
          ? 'Picked for you from what you bought before.'
          : 'We don’t know your taste yet, so here is what our shoppers love.'}
      </p>
    </>
  );
  return (
    <>
      {call}
      <RecommendedGrid initial={answer.value} {...{ heading, k, placement }} />
    </>
  );
}

export default async function Home() {
  const userId = await pageShopper();
  return (
    <>
      <Suspense fallback={<GridSkeleton count={k / 2} />}>
        <ForYou userId={userId} />
      </Suspense>
      <Suspense>
        <ListSection
          title="Trending this week"
          placement="home-trending"
          procedure="trending"
          list={(duet) => duet.trending({ userId, k: 4, placement: 'home-trending' })}
        />
      </Suspense>
      <Suspense>
        <ListSection
          title="You looked at"
          placement="home-viewed"
          procedure="recentlyViewed"
          list={async (duet) => {
            const answer = await duet.recentlyViewed({ userId, k: 4, placement: 'home-viewed' });
            // Filled up with other lists it would say what is not so.
            return { ...answer, items: answer.items.filter(({ source }) => source === 'recently-viewed') };
          }}
        />
      </Suspense>
      <Suspense>
        <CategoryLinks />
      </Suspense>
    </>
  );
}
