import Link from 'next/link';
import type { Metadata } from 'next/types';
import { Badge } from '#components/badge.tsx';
import { Notice } from '#components/notice.tsx';
import { PageHeader } from '#components/page-header.tsx';
import { Section } from '#components/section.tsx';
import { allDatasets } from '#data/datasets.ts';
import { formatCount, formatDay } from '#format.ts';

export const metadata: Metadata = { title: 'Datasets' };

export default async function DatasetsPage() {
  const datasets = await allDatasets();
  return (
    <>
      <PageHeader
        title="Datasets"
        summary="A catalogue and what shoppers did with it, imported once and never changed by a training."
      />
      {datasets.length === 0 ? (
        <Notice title="No dataset has been imported yet." command="npx duet import --name NAME --interactions FILE">
          CSV, TSV, JSON lines and Parquet are read, gzip included.
        </Notice>
      ) : (
        <Section flush>
          <table className="data">
            <thead>
              <tr>
                <th scope="col">Dataset</th>
                <th scope="col" className="num">
                  Interactions
                </th>
                <th scope="col" className="num">
                  Shoppers
                </th>
                <th scope="col" className="num">
                  Items
                </th>
                <th scope="col" className="num">
                  Categories
                </th>
                <th scope="col" className="num">
                  Rejected rows
                </th>
                <th scope="col">Time span</th>
                <th scope="col" className="num">
                  Models
                </th>
              </tr>
            </thead>
            <tbody>
              {datasets.map((dataset) => (
                <tr key={dataset.id}>
                  <th scope="row">
                    <Link href={`/datasets/${dataset.id}`} className="font-medium hover:underline">
                      {dataset.name}
                    </Link>{' '}
                    {dataset.status !== 'done' && (
                      <Badge tone={dataset.status === 'failed' ? 'bad' : 'busy'}>
                        {dataset.status === 'failed' ? 'import failed' : 'importing'}
                      </Badge>
                    )}
                  </th>
                  <td className="num">{formatCount(dataset.interactions)}</td>
                  <td className="num">{formatCount(dataset.users)}</td>
                  <td className="num">{formatCount(dataset.items)}</td>
                  <td className="num">{formatCount(dataset._count.categories)}</td>
                  <td className="num">{formatCount(dataset.rejected)}</td>
                  <td className="whitespace-nowrap text-muted">
                    {dataset.firstAt && dataset.lastAt
                      ? `${formatDay(dataset.firstAt)} – ${formatDay(dataset.lastAt)}`
                      : 'order only, no times'}
                  </td>
                  <td className="num">{formatCount(dataset._count.models)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Section>
      )}
    </>
  );
}
