import type { Dataset } from '@duet/db';
import type { Metadata } from 'next/types';
import { Section } from '#components/layout/section.tsx';
import { Stat, Stats } from '#components/layout/stat.tsx';
import { categoriesOf, datasetOf } from '#data/datasets/datasets.ts';
import { formatCount, formatDay, formatNumber, formatPercent } from '#format.ts';
import { Categories } from './categories.tsx';
import { CategoryChanges } from './category-changes.tsx';

export const metadata: Metadata = { title: 'Data' };

export default async function DatasetPage({ params }: { params: Promise<{ dataset: string }> }) {
  const dataset = await datasetOf(params);
  const categories = await categoriesOf(dataset.id);
  return (
    <div className="space-y-6">
      <DatasetFigures {...dataset} />
      <Categories datasetId={dataset.id} categories={categories} />
      <CategoryChanges datasetId={dataset.id} />
      <Section title="Source and licence">
        <p className={dataset.attribution ? '' : 'text-muted'}>
          {dataset.attribution || 'The import named no source.'}
        </p>
        <p className="mt-2 text-sm text-muted">
          Fingerprint{' '}
          <span className="font-mono [overflow-wrap:anywhere]">{dataset.fingerprint || 'not recorded'}</span>: a model
          names the data it was trained on by it.
        </p>
      </Section>
    </div>
  );
}

const dayMs = 86_400_000;

function DatasetFigures({ interactions, users, items, firstAt, lastAt, currency }: Dataset) {
  const span = firstAt && lastAt ? { firstAt, lastAt } : undefined;
  return (
    <Stats>
      <Stat
        label="Interactions"
        value={formatCount(interactions)}
        note={users > 0 && `${formatNumber(interactions / users, 1)} a shopper`}
      />
      <Stat label="Shoppers" value={formatCount(users)} />
      <Stat
        label="Items"
        value={formatCount(items)}
        note={items > 0 && `${formatNumber(interactions / items, 1)} interactions each`}
      />
      <Stat
        label={
          <abbr title="Share of all pairs of a shopper and an item that occur, at most: repeats count too">
            Density
          </abbr>
        }
        value={users * items > 0 ? formatPercent(interactions / users / items, 2) : '–'}
      />
      <Stat
        label="Time span"
        value={
          span
            ? `${formatCount(Math.round((span.lastAt.getTime() - span.firstAt.getTime()) / dayMs))} days`
            : 'no times'
        }
        note={span ? `${formatDay(span.firstAt)} – ${formatDay(span.lastAt)}` : 'only the order is known'}
      />
      <Stat label="Currency" value={currency} />
    </Stats>
  );
}
