import Link from 'next/link';
import type { Metadata } from 'next/types';
import { Badge } from '#components/badge.tsx';
import { DataTable } from '#components/data-table.tsx';
import { Notice } from '#components/notice.tsx';
import { Pager } from '#components/pager.tsx';
import { Search } from '#components/search.tsx';
import { Section } from '#components/section.tsx';
import { catalogue, cataloguePageSize, datasetOf } from '#data/datasets.ts';
import { datasetPath } from '#dataset-path.ts';
import { formatMoney } from '#format.ts';
import { type PageQuery, pageQuery, textQuery } from '#page-query.ts';

export const metadata: Metadata = { title: 'Catalogue' };

interface CataloguePageProps {
  params: Promise<{ dataset: string }>;
  searchParams: PageQuery;
}

export default async function CataloguePage({ params, searchParams }: CataloguePageProps) {
  const dataset = await datasetOf(params);
  const [search, page] = await Promise.all([textQuery(searchParams, 'q'), pageQuery(searchParams)]);
  const { total, rows } = await catalogue(dataset.id, search, page);
  const at = `${datasetPath(dataset.name)}/data/catalogue`;
  return (
    <Section
      title="Catalogue"
      note="By title. Search for part of a title, a category, or the beginning of an id. Retrieval follows every edit within a second."
      actions={
        <div className="flex flex-wrap gap-2">
          <Search action={at} name="q" label="Search the catalogue" value={search} placeholder="lantern" />
          <Link href={`${at}/item`} className="button">
            Add an item
          </Link>
        </div>
      }
      flush
    >
      {rows.length === 0 ? (
        <div className="p-5 pt-2">
          <Notice title={search === '' ? 'There are no items.' : `Nothing matches “${search}”.`}>
            {search === '' ? 'The import had no items file, and no interactions.' : 'Try a shorter word.'}
          </Notice>
        </div>
      ) : (
        <>
          <DataTable
            caption="Items"
            rows={rows}
            rowKey={({ id }) => id}
            columns={[
              {
                title: 'Item',
                rowHeader: true,
                className: 'font-mono text-sm',
                cell: ({ externalId }) => (
                  <Link href={`${at}/item?${new URLSearchParams({ item: externalId })}`} className="link">
                    {externalId}
                  </Link>
                ),
              },
              {
                title: 'Title',
                className: 'min-w-56',
                cell: ({ title }) => title || <span className="text-muted">no title</span>,
              },
              { title: 'Category', className: 'text-muted', cell: ({ category }) => category?.name ?? 'none' },
              {
                title: 'Price',
                numeric: true,
                cell: ({ priceMinor }) => (priceMinor === null ? '–' : formatMoney(priceMinor, dataset.currency)),
              },
              { title: 'Shown', cell: (item) => <Availability {...item} /> },
            ]}
          />
          <Pager
            page={page}
            pageSize={cataloguePageSize}
            total={total}
            href={(to) => `${at}?${new URLSearchParams({ ...(search && { q: search }), page: String(to) })}`}
          />
        </>
      )}
    </Section>
  );
}

function Availability({ withdrawnAt, inStock }: { withdrawnAt: Date | null; inStock: boolean }) {
  if (withdrawnAt !== null) return <Badge tone="bad">withdrawn</Badge>;
  return inStock ? <Badge tone="good">in stock</Badge> : <Badge tone="quiet">out of stock</Badge>;
}
