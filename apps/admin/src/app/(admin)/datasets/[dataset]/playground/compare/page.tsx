import type { Metadata } from 'next/types';
import { DatasetLink } from '#components/layout/dataset-link.tsx';
import { Notice } from '#components/layout/notice.tsx';
import { datasetOf } from '#data/datasets/datasets.ts';
import { comparedPair } from '#data/models/compared-pair.ts';
import { type CandidateFilter, servedModels } from '#data/models/playground.ts';
import { type PageQuery, textQuery } from '#page-query.ts';
import { Shoppers } from '../shoppers.tsx';
import { Comparison } from './comparison.tsx';
import { Question } from './question.tsx';

export const metadata: Metadata = { title: 'Two models · Playground' };

interface ComparePageProps {
  params: Promise<{ dataset: string }>;
  searchParams: PageQuery;
}

export default async function ComparePage({ params, searchParams }: ComparePageProps) {
  const dataset = await datasetOf(params);
  const names = ['user', 'q', 'left', 'right', 'category', 'price', 'stock', 'tag'];
  const [user, search, leftId, rightId, category, priceUpTo, inStock, tag] = (await Promise.all(
    names.map((name) => textQuery(searchParams, name)),
  )) as [string, string, string, string, string, string, string, string];
  const filter: CandidateFilter = { category, priceUpTo, inStock: inStock !== '', tag };
  const models = await servedModels(dataset.id);
  const pair = comparedPair(models, leftId, rightId);
  const chosen = new URLSearchParams({ ...(leftId && { left: leftId }), ...(rightId && { right: rightId }) });
  return (
    <>
      <p className="mb-5 max-w-3xl text-muted">
        What two models retrieve for the same shopper: 100 candidates each, before any ranking.
      </p>
      {pair === undefined ? (
        <NoModel />
      ) : (
        <div className="space-y-6">
          <Question {...{ user, models, ...pair, filter }} />
          {user === '' ? (
            <Shoppers dataset={dataset} search={search} path="/playground/compare" chosen={chosen.toString()} />
          ) : (
            <Comparison {...{ dataset, user, ...pair, filter }} />
          )}
        </div>
      )}
    </>
  );
}

const NoModel = () => (
  <Notice title="No model can answer yet.">
    A model answers once it has an index.{' '}
    <DatasetLink href="/models/train" className="link">
      Train one
    </DatasetLink>
    , or{' '}
    <DatasetLink href="/indexes" className="link">
      build an index
    </DatasetLink>
    .
  </Notice>
);
