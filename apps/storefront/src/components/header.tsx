import Link from 'next/link';
import { isVisitor, shopperLabel } from '../server/session.ts';
import { BasketLink } from './basket-link.tsx';
import { SearchBox } from './search-box.tsx';

const pages = [
  ['/', 'For you'],
  ['/categories', 'Categories'],
  ['/trending', 'Trending'],
  ['/history', 'Buy again'],
] as const;

function Mark() {
  return (
    <svg viewBox="0 0 64 64" className="size-9" aria-hidden="true">
      <circle cx="24" cy="32" r="18" fill="var(--accent)" />
      <circle cx="42" cy="32" r="18" fill="var(--accent)" opacity=".45" />
    </svg>
  );
}

export function Header({ userId }: { userId: string }) {
  return (
    <header className="sticky top-0 z-30 border-line border-b bg-paper/90 backdrop-blur">
      <div className="mx-auto flex max-w-6xl flex-wrap items-center gap-x-6 gap-y-1 px-4 py-3 sm:px-6">
        <Link href="/" className="flex items-center gap-2 rounded font-bold text-lg tracking-tight">
          <Mark />
          <span>
            Duet <span className="hidden min-[26rem]:inline">Gift Shop</span>
          </span>
        </Link>
        <SearchBox />
        <div className="ml-auto flex items-center gap-2">
          {!isVisitor(userId) && (
            <Link
              href="/shoppers"
              className="rounded-full border border-line px-3 py-2 text-sm hover:border-accent"
              aria-label={`Shopping as ${shopperLabel(userId)}. Change shopper`}
            >
              {shopperLabel(userId)}
            </Link>
          )}
          <BasketLink />
        </div>
        <nav aria-label="Shop" className="order-last flex w-full gap-5 overflow-x-auto whitespace-nowrap text-sm">
          {pages.map(([href, name]) => (
            <Link key={href} href={href} className="py-2 hover:underline">
              {name}
            </Link>
          ))}
        </nav>
      </div>
    </header>
  );
}
