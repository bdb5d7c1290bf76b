import Link from 'next/link';
import type { Metadata } from 'next/types';
import { DataTable } from '#components/layout/data-table.tsx';
import { Notice } from '#components/layout/notice.tsx';
import { PageHeader } from '#components/layout/page-header.tsx';
import { Section } from '#components/layout/section.tsx';
import { Allowed } from '#components/people/allowed.tsx';
import { Badge } from '#components/states/badge.tsx';
import { allDatasets } from '#data/datasets/datasets.ts';
import { openImports } from '#data/datasets/imports.ts';
import { datasetPath } from '#dataset-path.ts';
import { formatCount, formatDay, formatTime } from '#format.ts';

export const metadata: Metadata = { title: 'Datasets' };

export default async function DatasetsPage() {
  const [datasets, imports] = await Promise.all([allDatasets(), openImports()]);
  return (
    <>
      <PageHeader
        title="Datasets"
        summary="A shop’s catalogue, and what shoppers did with it."
        actions={
          <Allowed to="import">
            <Link href="/imports/new" className="button">
              New dataset
            </Link>
          </Allowed>
        }
      />
      {imports.length > 0 && <OpenImports imports={imports} />}
      {datasets.length === 0 ? (
        <Notice title="No dataset has been imported yet.">
          “New dataset” takes your shop’s files; so does <code>npx duet import</code>.
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

/** Imports that are under way, that failed, or whose files wait to be looked at. */
function OpenImports({ imports }: { imports: Awaited<ReturnType<typeof openImports>> }) {
  return (
    <Section title="Imports" className="mb-6" flush>
      <DataTable
        caption="Imports that are not done"
        rows={imports}
        rowKey={({ id }) => id}
        columns={[
          {
            title: 'Files',
            rowHeader: true,
            className: '[overflow-wrap:anywhere]',
            cell: ({ id, files }) => (
              <Link href={`/imports/${id}`} className="font-medium hover:underline">
                {files.length > 0 ? files.join(', ') : 'No file yet'}
              </Link>
            ),
          },
          {
            title: 'State',
            cell: ({ status }) => (
              <Badge tone={status === 'failed' ? 'bad' : 'busy'}>{status === 'draft' ? 'not started' : status}</Badge>
            ),
          },
          { title: 'Begun', className: 'whitespace-nowrap text-muted', cell: ({ createdAt }) => formatTime(createdAt) },
        ]}
      />
    </Section>
  );
}
