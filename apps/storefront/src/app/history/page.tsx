import Link from 'next/link';
import type { Metadata } from 'next/types';
import { Suspense } from 'react';
import { GridSkeleton } from '../../components/item-grid.tsx';
import { ListSection } from '../../components/list-section.tsx';
import { ShownCall } from '../../components/shown-call.tsx';
import { Unavailable } from '../../components/unavailable.tsx';
import { ProductPicture } from '../../look/product-picture.tsx';
import { niceTitle } from '../../look/title.ts';
import { callOf } from '../../server/call-facts.ts';
import { ask } from '../../server/retrieval.ts';
import { pageShopper } from '../../server/session.ts';

export const metadata: Metadata = { title: 'Buy again' };

const day = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' });

async function Purchases({ userId }: { userId: string }) {
  const answer = await ask((duet) => duet.history({ userId, limit: 100 }));
  const call = callOf('history', answer, (purchases) => [['Purchases', String(purchases.length)]]);
  if (!answer.ok) {
    return (
      <>
        <ShownCall call={call} />
        <Unavailable what="your purchases" />
      </>
    );
  }
  const days = Map.groupBy(answer.value, ({ at }) => (at === null ? 'Earlier' : day.format(new Date(at))));
  return (
    <>
      <ShownCall call={call} />
      {days.size === 0 && (
        <div className="card flex flex-col items-center gap-4 p-12 text-center">
          <p className="text-quiet">Nothing yet: what you bought before this shop learned about you will stand here.</p>
          <Link href="/" className="button">
            See what we recommend
          </Link>
        </div>
      )}
      {[...days].map(([date, purchases]) => (
        <section key={date} className="mb-10" aria-label={date}>
          <h3 className="mb-3 font-semibold text-lg">{date}</h3>
          <ul className="grid gap-2 sm:grid-cols-2 lg:grid-cols-3">
            {purchases.map((item, at) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: an item may be bought twice in a day, and the list never changes.
              <li key={`${item.itemId} ${at}`}>
                <Link
                  href={`/item/${encodeURIComponent(item.itemId)}`}
                  prefetch={false}
                  className="card flex h-full items-center gap-3 overflow-hidden pr-3 hover:border-accent"
                >
                  <ProductPicture {...item} className="size-20 shrink-0" />
                  <span className="flex min-w-0 flex-col gap-0.5 py-2">
                    <span className="line-clamp-2 font-medium text-sm">{niceTitle(item.title)}</span>
                    <span className="text-quiet text-xs">{item.category ?? 'Gifts'}</span>
                  </span>
                </Link>
              </li>
            ))}
          </ul>
        </section>
      ))}
    </>
  );
}

export default async function HistoryPage() {
  const userId = await pageShopper();
  return (
    <>
      <h1 className="page-title">Buy again</h1>
      <Suspense fallback={<GridSkeleton count={4} />}>
        <ListSection
          title="Due again"
          placement="buy-again"
          procedure="retrieve"
          list={(duet) => duet.retrieve({ userId, k: 8, placement: 'buy-again', seen: 'only' })}
        />
      </Suspense>
      <h2 className="mt-14 mb-6 font-bold text-2xl">Your past purchases</h2>
      <Suspense fallback={<div role="status" aria-label="Loading" className="skeleton h-64" />}>
        <Purchases userId={userId} />
      </Suspense>
    </>
  );
}
