import Link from 'next/link';
import type { Metadata } from 'next/types';
import { Notice } from '#components/notice.tsx';
import { PageHeader } from '#components/page-header.tsx';
import { type AskedFilter, servedModels } from '#data/playground.ts';
import { type PageQuery, textQuery } from '#page-query.ts';
import { Comparison } from './comparison.tsx';
import { Question } from './question.tsx';
import { Shoppers } from './shoppers.tsx';

export const metadata: Metadata = { title: 'Playground' };

const summary = 'What two models retrieve for the same shopper: 100 candidates each, before any ranking.';

export default async function PlaygroundPage({ searchParams }: { searchParams: PageQuery }) {
  const [models, user, search, leftId, rightId] = await Promise.all([
    servedModels(),
    textQuery(searchParams, 'user'),
    textQuery(searchParams, 'q'),
    textQuery(searchParams, 'left'),
    textQuery(searchParams, 'right'),
  ]);
  const [category, priceUpTo, inStock, tag] = await Promise.all([
    textQuery(searchParams, 'category'),
    textQuery(searchParams, 'price'),
    textQuery(searchParams, 'stock'),
    textQuery(searchParams, 'tag'),
  ]);
  const asked: AskedFilter = { category, priceUpTo, inStock: inStock !== '', tag };
  const newest = (kind: string) => models.find((model) => model.kind === kind);
  const left = models.find(({ id }) => id === leftId) ?? newest('two-tower') ?? models[0];
  const right =
    models.find(({ id }) => id === rightId) ?? newest('dat') ?? models.find(({ id }) => id !== left?.id) ?? models[0];
  if (left === undefined || right === undefined) {
    return (
      <>
        <PageHeader title="Playground" summary={summary} />
        <NoModel />
      </>
    );
  }
  const address = (to: Record<string, string>) =>
    `/playground?${new URLSearchParams({ ...(leftId && { left: leftId }), ...(rightId && { right: rightId }), ...to })}`;
  return (
    <>
      <PageHeader title="Playground" summary={summary} />
      <div className="space-y-6">
        <Question {...{ user, models, left, right, asked }} />
        {user === '' ? (
          <Shoppers search={search} address={address} />
        ) : (
          <Comparison user={user} left={left} right={right} asked={asked} />
        )}
      </div>
    </>
  );
}

const NoModel = () => (
  <Notice title="No model can answer yet.">
    A model answers once it has an index.{' '}
    <Link href="/models/train" className="link">
      Train one
    </Link>
    , or{' '}
    <Link href="/indexes" className="link">
      build an index
    </Link>
    .
  </Notice>
);
