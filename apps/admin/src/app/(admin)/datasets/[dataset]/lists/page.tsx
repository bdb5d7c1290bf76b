import { type BulkOrder, bulkRuns } from '@duet/serving/bulk';
import type { Metadata } from 'next/types';
import { DataTable } from '#components/layout/data-table.tsx';
import { DatasetLink } from '#components/layout/dataset-link.tsx';
import { PageHeader } from '#components/layout/page-header.tsx';
import { Refresh } from '#components/layout/refresh.tsx';
import { Section } from '#components/layout/section.tsx';
import { Badge } from '#components/states/badge.tsx';
import { datasetOf } from '#data/datasets/datasets.ts';
import { database } from '#data/services.ts';
import { formatCount, formatTime } from '#format.ts';
import { ListsForm } from './form.tsx';

export const metadata: Metadata = { title: 'Lists in bulk' };

type Run = Awaited<ReturnType<typeof bulkRuns>>[number];

const whatOf = ({ request }: Run): string => {
  const { of, k, format, placement } = request as unknown as BulkOrder;
  return `${of === 'users' ? 'All users' : 'All items'}, ${k} items, ${format}${placement ? `, ${placement}` : ''}`;
};

function RunState({ run: { status, progress, error } }: { run: Run }) {
  if (status === 'failed') return <Badge tone="bad">{error ?? 'failed'}</Badge>;
  if (status === 'done') return <Badge tone="good">done</Badge>;
  const { done = 0, total = 0 } = progress as { done?: number; total?: number };
  if (status === 'queued') return <Badge tone="busy">waits for the worker</Badge>;
  return <Badge tone="busy">{total > 0 ? `${Math.floor((100 * done) / total)} %` : 'running'}</Badge>;
}

export default async function ListsPage({ params }: { params: Promise<{ dataset: string }> }) {
  const dataset = await datasetOf(params);
  const runs = await bulkRuns(await database(), dataset.id);
  const isBusy = runs.some(({ status }) => status === 'queued' || status === 'running');
  return (
    <>
      {isBusy && <Refresh everyMs={2000} />}
      <PageHeader
        title="Lists in bulk"
        summary="Every user’s list in one file, as the shop would answer now, with rules: for e-mails, or another system."
      />
      <div className="space-y-6">
        <Section title="Files" flush>
          <DataTable
            caption="Files of lists"
            rows={runs}
            rowKey={({ id }) => id}
            empty="None yet."
            columns={[
              { title: 'What', rowHeader: true, cell: whatOf },
              { title: 'Asked for', cell: ({ createdAt, createdBy }) => `${formatTime(createdAt)} ${createdBy}` },
              { title: 'Lists', cell: ({ status, lists }) => (status === 'done' ? formatCount(lists) : '–') },
              { title: 'State', cell: (run) => <RunState run={run} /> },
              {
                title: 'File',
                cell: ({ id, status }) =>
                  status === 'done' && (
                    <DatasetLink href={`/lists/${id}/download`} className="link">
                      Download
                    </DatasetLink>
                  ),
              },
            ]}
          />
        </Section>
        <Section title="New file">
          <ListsForm datasetId={dataset.id} />
        </Section>
      </div>
    </>
  );
}
