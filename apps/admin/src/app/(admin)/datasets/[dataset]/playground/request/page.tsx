import type { Metadata } from 'next/types';
import { DataTable } from '#components/layout/data-table.tsx';
import { DatasetLink } from '#components/layout/dataset-link.tsx';
import { Search } from '#components/layout/search.tsx';
import { Section } from '#components/layout/section.tsx';
import { Time } from '#components/layout/time.tsx';
import { datasetOf } from '#data/datasets/datasets.ts';
import { requestDays, requestEvents } from '#data/overview/request-events.ts';
import { formatPercent } from '#format.ts';
import { type PageQuery, textQuery } from '#page-query.ts';

export const metadata: Metadata = { title: 'One request · Playground' };

interface RequestPageProps {
  params: Promise<{ dataset: string }>;
  searchParams: PageQuery;
}

/** What became of one answer, by the id that its events carry. */
export default async function RequestPage({ params, searchParams }: RequestPageProps) {
  const [dataset, requestId] = await Promise.all([datasetOf(params), textQuery(searchParams, 'id')]);
  const events = requestId === '' ? [] : await requestEvents(dataset.id, requestId);
  const [first] = events;
  return (
    <Section
      title="One request"
      note={`By the request id of an answer, which its events carry: what was seen of it and what came of that, within the last ${requestDays} days.`}
      actions={<Search action="" name="id" label="Request id" value={requestId} placeholder="Request id" />}
      flush
    >
      {first !== undefined && (
        <p className="px-5 pb-3 text-sm">
          Shopper{' '}
          <DatasetLink href={`/playground?${new URLSearchParams({ user: first.userId })}`} className="link font-mono">
            {first.userId}
          </DatasetLink>
          {first.experiment !== null && (
            <>
              , in{' '}
              <DatasetLink href={`/experiments/${first.experiment.id}`} className="link">
                {first.experiment.name}
              </DatasetLink>
              {first.arm !== null && `, arm ${first.arm}`}
            </>
          )}
        </p>
      )}
      <DataTable
        caption="Events of the request"
        rows={events}
        rowKey={({ eventId }) => eventId}
        empty={
          requestId === ''
            ? 'Write a request id: the shop’s log has it, and so has “Behind the scenes” of the example shop.'
            : `No event of this dataset names the request ${requestId}.`
        }
        columns={[
          { title: 'Place', numeric: true, cell: ({ position }) => (position === null ? '–' : position + 1) },
          { title: 'Item', className: 'w-full', cell: ({ title, itemId }) => title || (itemId ?? '–') },
          { title: 'Event', cell: ({ type }) => type },
          {
            title: 'At',
            className: 'whitespace-nowrap text-muted',
            cell: ({ occurredAt }) => <Time at={occurredAt} />,
          },
          { title: 'Placement', cell: ({ placement }) => placement || '–' },
          {
            title: 'By chance',
            hint: 'How likely the item was there, where the list was explored',
            numeric: true,
            cell: ({ propensity }) => (propensity === null ? '–' : formatPercent(propensity, 1)),
          },
        ]}
      />
    </Section>
  );
}
