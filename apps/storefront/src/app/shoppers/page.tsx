import type { Metadata } from 'next/types';
import { Suspense } from 'react';
import { ShopAsForm } from '../../components/shop-as-form.tsx';
import { ShopperSearch } from '../../components/shopper-search.tsx';
import { ShownCall } from '../../components/shown-call.tsx';
import { Unavailable } from '../../components/unavailable.tsx';
import { niceTitle } from '../../look/title.ts';
import { callOf } from '../../server/call-facts.ts';
import { ask } from '../../server/retrieval.ts';
import { currentShopper } from '../../server/session.ts';

export const metadata: Metadata = { title: 'Who is shopping?' };

const count = new Intl.NumberFormat('en-GB');
/** `UK` for United Kingdom, `GE` for Germany. */
const initials = (name: string) => {
  const words = name.toUpperCase().split(/\s+/);
  return words.length > 1
    ? words
        .map((word) => word.charAt(0))
        .join('')
        .slice(0, 2)
    : name.slice(0, 2).toUpperCase();
};

const row =
  'flex w-full items-center gap-3 rounded-xl border border-line bg-card px-4 py-3 text-left hover:border-accent hover:bg-tint';

async function Customers({ search, current }: { search: string; current: string | undefined }) {
  const answer = await ask((duet) => duet.catalogue.shoppers({ limit: 60, ...(search && { search }) }));
  const call = callOf('catalogue.shoppers', answer, (shoppers) => [['Shoppers', String(shoppers.length)]]);
  if (!answer.ok) {
    return (
      <>
        <ShownCall call={call} />
        <Unavailable what="our customers" />
      </>
    );
  }
  return (
    <>
      <ShownCall call={call} />
      {answer.value.length === 0 && <p className="text-quiet">No customer matches “{search}”.</p>}
      <ul className="grid gap-2 sm:grid-cols-2 lg:grid-cols-3">
        {answer.value.map(({ userId, interactions, attributes }) => (
          <li key={userId}>
            <ShopAsForm userId={userId} className={row}>
              <span
                className="grid size-10 shrink-0 place-items-center rounded-full bg-tint font-semibold text-accent text-sm"
                aria-hidden="true"
              >
                {initials(attributes.country || userId)}
              </span>
              <span className="min-w-0 flex-1">
                <span className="block font-medium">
                  Customer {userId}
                  {userId === current && <span className="ml-2 text-good text-xs">shopping now</span>}
                </span>
                <span className="block truncate text-quiet text-sm">
                  {[
                    niceTitle(attributes.country ?? ''),
                    `${count.format(interactions)} ${interactions === 1 ? 'purchase' : 'purchases'}`,
                  ]
                    .filter(Boolean)
                    .join(' · ')}
                </span>
              </span>
            </ShopAsForm>
          </li>
        ))}
      </ul>
    </>
  );
}

export default async function ShoppersPage({ searchParams }: { searchParams: Promise<{ q?: string | string[] }> }) {
  const { q } = await searchParams;
  const search = (Array.isArray(q) ? (q[0] ?? '') : (q ?? '')).trim().slice(0, 64);
  const current = await currentShopper();
  return (
    <>
      <h1 className="page-title">Who is shopping?</h1>
      <p className="mb-6 max-w-2xl text-quiet">
        Shop as one of the real, anonymous customers of a British gift-ware shop and see what Duet recommends to them,
        or come in as somebody new.
      </p>
      <div className="mb-8 flex flex-wrap items-end gap-4">
        <ShopAsForm className="button">I’m a new visitor</ShopAsForm>
        <ShopperSearch initial={search} />
      </div>
      <Suspense key={search} fallback={<div role="status" aria-label="Loading" className="skeleton h-64" />}>
        <Customers search={search} current={current} />
      </Suspense>
    </>
  );
}
