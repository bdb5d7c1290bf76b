import Link from 'next/link';
import type { Metadata } from 'next/types';
import { type CatalogueFilter, catalogueFilters, isCatalogueFilter } from '#catalogue-filters.ts';
import { DataTable } from '#components/layout/data-table.tsx';
import { Notice } from '#components/layout/notice.tsx';
import { Pager } from '#components/layout/pager.tsx';
import { Search } from '#components/layout/search.tsx';
import { Section } from '#components/layout/section.tsx';
import { Badge } from '#components/states/badge.tsx';
import { catalogue, catalogueCounts, cataloguePageSize, datasetOf } from '#data/datasets/datasets.ts';
import { datasetPath } from '#dataset-path.ts';
import { formatCount, formatMoney } from '#format.ts';
import { type PageQuery, pageQuery, textQuery } from '#page-query.ts';

export const metadata: Metadata = { title: 'Catalogue' };

interface CataloguePageProps {
  params: Promise<{ dataset: string }>;
  searchParams: PageQuery;
}

export default async function CataloguePage({ params, searchParams }: CataloguePageProps) {
  const dataset = await datasetOf(params);
  const [search, show, page] = await Promise.all([
    textQuery(searchParams, 'q'),
    textQuery(searchParams, 'show'),
    pageQuery(searchParams),
  ]);
  const filter = isCatalogueFilter(show) ? show : undefined;
  const [{ total, rows }, counts] = await Promise.all([
    catalogue(dataset.id, { search, filter, page }),
    catalogueCounts(dataset.id),
  ]);
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
      <Filters at={at} counts={counts} chosen={filter} />
      {rows.length === 0 ? (
        <div className="p-5 pt-2">
          {search !== '' ? (
            <Notice title={`Nothing matches “${search}”.`}>Try a shorter word.</Notice>
          ) : filter !== undefined ? (
            <Notice title="No item is left.">There is none of these in the catalogue.</Notice>
          ) : (
            <Notice title="There are no items.">The import had no items file, and no interactions.</Notice>
          )}
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
            href={(to) =>
              `${at}?${new URLSearchParams({ ...(search && { q: search }), ...(filter && { show: filter }), page: String(to) })}`
            }
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

interface FiltersProps {
  /** Of the catalogue. */
  at: string;
  counts: { filter: CatalogueFilter; items: number }[];
  chosen: CatalogueFilter | undefined;
}

/** What items lack, with how many do; each is an address of its own. */
function Filters({ at, counts, chosen }: FiltersProps) {
  const chip =
    'rounded-full border border-line px-3 py-1 text-sm hover:border-strong aria-[current]:border-ink aria-[current]:font-medium';
  return (
    <nav aria-label="Filter" className="flex flex-wrap gap-2 px-5 pb-4">
      <Link href={at} aria-current={chosen === undefined ? 'true' : undefined} className={chip}>
        All
      </Link>
      {counts
        .filter(({ filter, items }) => items > 0 || filter === chosen)
        .map(({ filter, items }) => (
          <Link
            key={filter}
            href={`${at}?show=${filter}`}
            aria-current={chosen === filter ? 'true' : undefined}
            className={chip}
          >
            {catalogueFilters[filter].title} <span className="text-muted">{formatCount(items)}</span>
          </Link>
        ))}
    </nav>
  );
}
