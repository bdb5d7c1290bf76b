import Link from 'next/link';
import { notFound } from 'next/navigation';
import type { Metadata } from 'next/types';
import { Badge } from '#components/badge.tsx';
import { Notice } from '#components/notice.tsx';
import { Pager } from '#components/pager.tsx';
import { Search } from '#components/search.tsx';
import { Section } from '#components/section.tsx';
import { catalogue, cataloguePageSize, findDataset } from '#data/datasets.ts';
import { formatMoney } from '#format.ts';
import { type PageQuery, pageQuery, textQuery } from '#page-query.ts';
import { routeId } from '#route-id.ts';

export const metadata: Metadata = { title: 'Catalogue' };

interface CataloguePageProps {
  params: Promise<{ id: string }>;
  searchParams: PageQuery;
}

export default async function CataloguePage({ params, searchParams }: CataloguePageProps) {
  const dataset = await findDataset(await routeId(params));
  if (dataset === null) notFound();
  const [search, page] = await Promise.all([textQuery(searchParams, 'q'), pageQuery(searchParams)]);
  const { total, rows } = await catalogue(dataset.id, search, page);
  const at = `/datasets/${dataset.id}/catalogue`;
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
          <table className="data">
            <thead>
              <tr>
                <th scope="col">Item</th>
                <th scope="col">Title</th>
                <th scope="col">Category</th>
                <th scope="col" className="num">
                  Price
                </th>
                <th scope="col">Shown</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((item) => (
                <tr key={item.id}>
                  <th scope="row" className="font-mono text-sm">
                    <Link href={`${at}/item?${new URLSearchParams({ item: item.externalId })}`} className="link">
                      {item.externalId}
                    </Link>
                  </th>
                  <td className="min-w-56">{item.title || <span className="text-muted">no title</span>}</td>
                  <td className="text-muted">{item.category?.name ?? 'none'}</td>
                  <td className="num">
                    {item.priceMinor === null ? '–' : formatMoney(item.priceMinor, dataset.currency)}
                  </td>
                  <td>
                    {item.withdrawnAt !== null ? (
                      <Badge tone="bad">withdrawn</Badge>
                    ) : item.inStock ? (
                      <Badge tone="good">in stock</Badge>
                    ) : (
                      <Badge tone="quiet">out of stock</Badge>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
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
