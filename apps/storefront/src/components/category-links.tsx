import Link from 'next/link';
import { bestCategories } from '../server/categories.ts';

/** Links to the categories that sell best. */
export async function CategoryLinks({ most = 12 }: { most?: number }) {
  const categories = await bestCategories(most);
  if (categories.length === 0) return null;
  return (
    <nav aria-label="Categories" className="mt-14">
      <h2 className="mb-6 font-bold text-2xl">Categories</h2>
      <ul className="flex flex-wrap gap-2">
        {categories.map((name) => (
          <li key={name}>
            <Link
              href={`/category/${encodeURIComponent(name)}`}
              prefetch={false}
              className="inline-block rounded-full border border-line bg-card px-4 py-2.5 text-sm hover:border-accent hover:bg-tint"
            >
              {name}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}
