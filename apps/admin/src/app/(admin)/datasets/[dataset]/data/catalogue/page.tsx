import Link from 'next/link';
import type { Metadata } from 'next/types';
import {
  type CatalogueFilter,
  catalogueFilters,
  catalogueSorts,
  isCatalogueFilter,
  isCatalogueSort,
} from '#catalogue-filters.ts';
import { Notice } from '#components/layout/notice.tsx';
import { Pager } from '#components/layout/pager.tsx';
import { Search } from '#components/layout/search.tsx';
import { Section } from '#components/layout/section.tsx';
import { Allowed, EditableBy } from '#components/people/allowed.tsx';
import { catalogue, catalogueCounts, cataloguePageSize } from '#data/datasets/catalogue.ts';
import { categoriesOf, datasetOf } from '#data/datasets/datasets.ts';
import { datasetPath } from '#dataset-path.ts';
import { formatCount } from '#format.ts';
import { type PageQuery, pageQuery, textQuery } from '#page-query.ts';
import { Items } from './items.tsx';

export const metadata: Metadata = { title: 'Catalogue' };

interface CataloguePageProps {
  params: Promise<{ dataset: string }>;
  searchParams: PageQuery;
}

export default async function CataloguePage({ params, searchParams }: CataloguePageProps) {
  const dataset = await datasetOf(params);
  const text = (name: string) => textQuery(searchParams, name);
  const [search, show, order, page] = await Promise.all([
    text('q'),
    text('show'),
    text('sort'),
    pageQuery(searchParams),
  ]);
  const filter = isCatalogueFilter(show) ? show : undefined;
  const sort = isCatalogueSort(order) ? order : 'title';
  const [{ total, rows }, counts, categories] = await Promise.all([
    catalogue(dataset.id, { search, filter, sort, page }),
    catalogueCounts(dataset.id),
    categoriesOf(dataset.id),
  ]);
  const at = `${datasetPath(dataset.name)}/data/catalogue`;
  /** The address of what is shown, with something else of it. */
  const to = (change: Record<string, string>, path = '') => {
    const query = { q: search, show: filter ?? '', sort: sort === 'title' ? '' : sort, ...change };
    const given = Object.entries(query).filter(([, value]) => value !== '');
    return `${at}${path}${given.length > 0 ? `?${new URLSearchParams(given)}` : ''}`;
  };
  return (
    <Section
      title="Catalogue"
      note="Search for part of a title, a category, or the beginning of an id. Retrieval follows every edit within a second. An export comes back as an upload of changes: columns that a file lacks stay as they are."
      actions={
        <div className="flex flex-wrap gap-2">
          <Search action={at} name="q" label="Search the catalogue" value={search} placeholder="lantern" />
          <a href={to({}, '/export')} className="button button-quiet" download>
            Export
          </a>
          <Allowed to="merchandise">
            <Link href={`/imports/new?into=${encodeURIComponent(dataset.name)}`} className="button button-quiet">
              Upload changes
            </Link>
            <Link href={`${at}/item`} className="button">
              Add an item
            </Link>
          </Allowed>
        </div>
      }
      flush
    >
      <Filters to={to} counts={counts} chosen={filter} />
      <nav aria-label="Sort" className="flex flex-wrap gap-x-4 gap-y-1 px-5 pb-4 text-sm text-muted">
        Sort by
        {Object.entries(catalogueSorts).map(([key, { title }]) => (
          <Link
            key={key}
            href={to({ sort: key })}
            aria-current={sort === key ? 'true' : undefined}
            className="hover:text-ink aria-[current]:font-medium aria-[current]:text-ink"
          >
            {title}
          </Link>
        ))}
      </nav>
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
          <EditableBy to="merchandise">
            <Items
              datasetId={dataset.id}
              currency={dataset.currency}
              categories={categories.map(({ name }) => name)}
              {...{ at, rows }}
            />
          </EditableBy>
          <Pager
            page={page}
            pageSize={cataloguePageSize}
            total={total}
            href={(number) => to({ page: String(number) })}
          />
        </>
      )}
    </Section>
  );
}

interface FiltersProps {
  to: (change: Record<string, string>) => string;
  counts: { filter: CatalogueFilter; items: number }[];
  chosen: CatalogueFilter | undefined;
}

/** What items lack, with how many do; each is an address of its own. */
function Filters({ to, counts, chosen }: FiltersProps) {
  const chip =
    'rounded-full border border-line px-3 py-1 text-sm hover:border-strong aria-[current]:border-ink aria-[current]:font-medium';
  return (
    <nav aria-label="Filter" className="flex flex-wrap gap-2 px-5 pb-4">
      <Link href={to({ show: '' })} aria-current={chosen === undefined ? 'true' : undefined} className={chip}>
        All
      </Link>
      {counts
        .filter(({ filter, items }) => items > 0 || filter === chosen)
        .map(({ filter, items }) => (
          <Link
            key={filter}
            href={to({ show: filter })}
            aria-current={chosen === filter ? 'true' : undefined}
            className={chip}
          >
            {catalogueFilters[filter].title} <span className="text-muted">{formatCount(items)}</span>
          </Link>
        ))}
      <Link
        href={to({ show: 'never-shown' })}
        aria-current={chosen === 'never-shown' ? 'true' : undefined}
        className={chip}
      >
        {catalogueFilters['never-shown'].title}
      </Link>
    </nav>
  );
}
