import type { Metadata } from 'next/types';
import { CategoryLinks } from '../../components/category-links.tsx';
import { ListSection } from '../../components/list-section.tsx';
import { pageShopper } from '../../server/session.ts';

export const metadata: Metadata = { title: 'Categories' };

export default async function Categories() {
  const userId = await pageShopper();
  return (
    <>
      <h1 className="page-title">Everything we sell</h1>
      <CategoryLinks most={40} />
      <ListSection
        title="Best sellers"
        placement="categories"
        procedure="popular"
        list={(duet) => duet.popular({ userId, k: 8, placement: 'categories', seen: 'show' })}
      />
    </>
  );
}
