import { notFound } from 'next/navigation';
import type { Metadata } from 'next/types';
import { Section } from '#components/layout/section.tsx';
import { EditableBy } from '#components/people/allowed.tsx';
import { categoriesOf, datasetOf, findItem } from '#data/datasets/datasets.ts';
import { minorUnits } from '#format.ts';
import { type PageQuery, textQuery } from '#page-query.ts';
import { ItemForm } from './form.tsx';

export const metadata: Metadata = { title: 'Item' };

interface ItemPageProps {
  params: Promise<{ dataset: string }>;
  searchParams: PageQuery;
}

/** One item of a catalogue; a new one where the address names none. */
export default async function ItemPage({ params, searchParams }: ItemPageProps) {
  const dataset = await datasetOf(params);
  const externalId = await textQuery(searchParams, 'item');
  const item = externalId === '' ? undefined : await findItem(dataset.id, externalId);
  if (item === null) notFound();
  const categories = await categoriesOf(dataset.id);
  const digits = minorUnits(dataset.currency);
  const attributes = Object.entries((item?.attributes ?? {}) as Record<string, unknown>);
  return (
    <Section
      title={item === undefined ? 'A new item' : item.title || item.externalId}
      note="Retrieval follows within a second. A model with an item tower finds new and changed items by what is known of them at once; the next index holds them."
    >
      <EditableBy to="merchandise">
        <ItemForm
          datasetId={dataset.id}
          currency={dataset.currency}
          isNew={item === undefined}
          categories={categories.map(({ name }) => name)}
          values={{
            externalId: item?.externalId ?? '',
            title: item?.title ?? '',
            category: item?.category?.name ?? '',
            price: item?.priceMinor == null ? '' : (item.priceMinor / 10 ** digits).toFixed(digits),
            inStock: item?.inStock ?? true,
            withdrawn: item !== undefined && item.withdrawnAt !== null,
            attributes: attributes
              .map(([name, value]) => `${name}: ${Array.isArray(value) ? value.join('|') : value}`)
              .join('\n'),
          }}
        />
      </EditableBy>
    </Section>
  );
}
