import Link from 'next/link';
import type { Metadata } from 'next/types';
import { Suspense } from 'react';
import { CategoryLinks } from '../../../components/category-links.tsx';
import { GridSkeleton } from '../../../components/item-grid.tsx';
import { ListSection } from '../../../components/list-section.tsx';
import { pageShopper } from '../../../server/session.ts';

interface Props {
  params: Promise<{ name: string }>;
}

const nameOf = async ({ params }: Props) => decodeURIComponent((await params).name);

export const generateMetadata = async (props: Props): Promise<Metadata> => ({ title: await nameOf(props) });

/** A category in the order of this shopper's taste. */
export default async function Category(props: Props) {
  const [userId, name] = [await pageShopper(), await nameOf(props)];
  return (
    <>
      <p className="mb-2 text-sm">
        <Link href="/categories" className="text-quiet hover:underline">
          Categories
        </Link>
      </p>
      <Suspense fallback={<GridSkeleton count={8} />}>
        <ListSection
          title={name}
          placement="category"
          procedure="retrieve"
          list={(duet) =>
            duet.retrieve({ userId, k: 24, placement: 'category', seen: 'show', filters: { category: [name] } })
          }
          empty={<p className="card p-8 text-center text-quiet">There is nothing in this category just now.</p>}
          needed="this category"
          isMain
        />
      </Suspense>
      <Suspense>
        <CategoryLinks />
      </Suspense>
    </>
  );
}
