import type { Metadata } from 'next/types';
import { Suspense } from 'react';
import { CategoryLinks } from '../../components/category-links.tsx';
import { GridSkeleton } from '../../components/item-grid.tsx';
import { ListSection } from '../../components/list-section.tsx';
import { pageShopper } from '../../server/session.ts';

interface Props {
  searchParams: Promise<{ q?: string | string[] }>;
}

const queryOf = async ({ searchParams }: Props): Promise<string> => {
  const { q = '' } = await searchParams;
  return (Array.isArray(q) ? (q[0] ?? '') : q).trim().slice(0, 200);
};

export async function generateMetadata(props: Props): Promise<Metadata> {
  const query = await queryOf(props);
  return { title: query === '' ? 'Search' : `“${query}”` };
}

export default async function Search(props: Props) {
  const [userId, query] = [await pageShopper(), await queryOf(props)];
  return (
    <>
      {query === '' ? (
        <h1 className="page-title">What are you looking for?</h1>
      ) : (
        <Suspense key={query} fallback={<GridSkeleton count={8} />}>
          <ListSection
            title={`Found for “${query}”`}
            placement="search"
            procedure="search"
            list={(duet) => duet.search({ query, userId, k: 24, placement: 'search' })}
            empty={<p className="card p-8 text-center text-quiet">Nothing of ours goes by that name.</p>}
            needed="what you searched for"
            isMain
          />
        </Suspense>
      )}
      <Suspense>
        <CategoryLinks />
      </Suspense>
    </>
  );
}
