import Link from 'next/link';
import { notFound } from 'next/navigation';
import type { Metadata } from 'next/types';
import { cache, Suspense } from 'react';
import { BuyBox } from '../../../components/buy-box.tsx';
import { GridSkeleton } from '../../../components/item-grid.tsx';
import { ListSection } from '../../../components/list-section.tsx';
import { ShownCall } from '../../../components/shown-call.tsx';
import { Unavailable } from '../../../components/unavailable.tsx';
import { ProductPicture } from '../../../look/product-picture.tsx';
import { niceTitle } from '../../../look/title.ts';
import { callOf } from '../../../server/call-facts.ts';
import { ask } from '../../../server/retrieval.ts';
import { pageShopper } from '../../../server/session.ts';

interface Props {
  params: Promise<{ itemId: string }>;
}

/** Asked once for each page view, for its title and for the page. */
const findItem = cache((itemId: string) => ask((duet) => duet.catalogue.item({ itemId })));

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  const answer = await findItem(decodeURIComponent((await params).itemId));
  return { title: answer.ok ? niceTitle(answer.value.title) : 'Gift' };
}

export default async function ItemPage({ params }: Props) {
  const itemId = decodeURIComponent((await params).itemId);
  const userId = await pageShopper();
  const answer = await findItem(itemId);
  if (!answer.ok && (answer.code === 'not-found' || answer.code === 'bad-input')) notFound();
  const call = callOf('catalogue.item', answer, (item) => [['Item id', item.itemId]]);
  if (!answer.ok) {
    return (
      <>
        <ShownCall call={call} />
        <Unavailable what="this gift" />
      </>
    );
  }
  const item = answer.value;
  return (
    <>
      <ShownCall call={call} />
      <div className="grid gap-6 md:grid-cols-2 md:gap-12">
        <ProductPicture {...item} className="card aspect-square w-full max-w-xl" />
        <div className="flex flex-col items-start gap-4 md:py-8">
          {item.category !== null && (
            <Link
              href={`/category/${encodeURIComponent(item.category)}`}
              prefetch={false}
              className="rounded-full bg-tint px-3 py-1 text-sm hover:underline"
            >
              {item.category}
            </Link>
          )}
          <h1 className="font-bold text-3xl leading-tight sm:text-4xl">{niceTitle(item.title)}</h1>
          <BuyBox item={item} />
          <p className="text-quiet text-sm">Item number {item.itemId}</p>
        </div>
      </div>
      <Suspense>
        <ListSection
          title="Often bought together"
          placement="item-together"
          procedure="boughtTogether"
          list={(duet) =>
            duet.boughtTogether({ itemIds: [itemId], userId, k: 4, placement: 'item-together', seen: 'show' })
          }
        />
      </Suspense>
      <Suspense fallback={<GridSkeleton count={4} />}>
        <ListSection
          title="Similar items"
          placement="item-similar"
          procedure="similarItems"
          list={(duet) => duet.similarItems({ itemId, k: 8, placement: 'item-similar' })}
        />
      </Suspense>
    </>
  );
}
