import Link from 'next/link';
import type { Metadata } from 'next/types';
import { DataTable } from '#components/layout/data-table.tsx';
import { Notice } from '#components/layout/notice.tsx';
import { PageHeader } from '#components/layout/page-header.tsx';
import { Section } from '#components/layout/section.tsx';
import { Badge } from '#components/states/badge.tsx';
import { allDatasets } from '#data/datasets/datasets.ts';
import { datasetPath } from '#dataset-path.ts';
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
          <DataTable
            caption="Datasets"
            rows={datasets}
            rowKey={({ id }) => id}
            columns={[
              {
                title: 'Dataset',
                rowHeader: true,
                cell: ({ name, status }) => (
                  <>
                    <Link href={datasetPath(name)} className="font-medium hover:underline">
                      {name}
                    </Link>{' '}
                    {status !== 'done' && (
                      <Badge tone={status === 'failed' ? 'bad' : 'busy'}>
                        {status === 'failed' ? 'import failed' : 'importing'}
                      </Badge>
                    )}
                  </>
                ),
              },
              { title: 'Interactions', numeric: true, cell: ({ interactions }) => formatCount(interactions) },
              { title: 'Shoppers', numeric: true, cell: ({ users }) => formatCount(users) },
              { title: 'Items', numeric: true, cell: ({ items }) => formatCount(items) },
              { title: 'Categories', numeric: true, cell: ({ _count }) => formatCount(_count.categories) },
              { title: 'Rejected rows', numeric: true, cell: ({ rejected }) => formatCount(rejected) },
              {
                title: 'Time span',
                className: 'whitespace-nowrap text-muted',
                cell: ({ firstAt, lastAt }) =>
                  firstAt && lastAt ? `${formatDay(firstAt)} – ${formatDay(lastAt)}` : 'order only, no times',
              },
              { title: 'Models', numeric: true, cell: ({ _count }) => formatCount(_count.models) },
            ]}
          />
        </Section>
      )}
    </>
  );
}
