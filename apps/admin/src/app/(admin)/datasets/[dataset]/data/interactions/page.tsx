import Link from 'next/link';
import type { Metadata } from 'next/types';
import { DataTable } from '#components/layout/data-table.tsx';
import { Notice } from '#components/layout/notice.tsx';
import { Search } from '#components/layout/search.tsx';
import { Section } from '#components/layout/section.tsx';
import { datasetOf, titlesOf } from '#data/datasets/datasets.ts';
import { sampleInteractions } from '#data/datasets/interactions.ts';
import { attempt } from '#data/problem.ts';
import { datasetPath } from '#dataset-path.ts';
import { formatMoney, formatNumber, formatTime } from '#format.ts';
import { type PageQuery, textQuery } from '#page-query.ts';

export const metadata: Metadata = { title: 'Interactions' };

const sampleSize = 50;
const historySize = 200;

interface InteractionsPageProps {
  params: Promise<{ dataset: string }>;
  searchParams: PageQuery;
}

export default async function InteractionsPage({ params, searchParams }: InteractionsPageProps) {
  const dataset = await datasetOf(params);
  const user = await textQuery(searchParams, 'user');
  const { value: rows, problem } = await attempt(() =>
    sampleInteractions(dataset, user, user === '' ? sampleSize : historySize),
  );
  const at = `${datasetPath(dataset.name)}/data/interactions`;
  const timed = dataset.firstAt !== null;
  if (rows === undefined)
    return (
      <Notice tone="problem" title="The interactions cannot be read.">
        {problem}
      </Notice>
    );
  const titles = await titlesOf(dataset.id, [...new Set(rows.map(({ item }) => item))]);
  return (
    <Section
      title={user === '' ? `${rows.length} rows, spread over the whole dataset` : `Shopper ${user}`}
      note={
        user === ''
          ? 'Rows are kept by shopper, then by time. Follow a shopper to see a whole history.'
          : `Oldest first, the first ${historySize} at most.`
      }
      actions={<Search action={at} name="user" label="Shopper’s id" value={user} placeholder="Shopper’s id" />}
      flush
    >
      {rows.length === 0 ? (
        <div className="p-5 pt-2">
          <Notice title={user === '' ? 'There are no interactions.' : `No shopper has the id “${user}”.`}>
            {user !== '' && (
              <Link href={at} className="link">
                Back to the sample
              </Link>
            )}
          </Notice>
        </div>
      ) : (
        <DataTable
          caption={user === '' ? 'A sample of the interactions' : `Interactions of shopper ${user}`}
          rows={rows}
          rowKey={(_, place) => place}
          columns={[
            {
              title: 'Shopper',
              className: 'font-mono text-sm',
              cell: ({ user }) => (
                <Link href={`${at}?${new URLSearchParams({ user })}`} className="hover:underline">
                  {user}
                </Link>
              ),
            },
            {
              title: 'Item',
              className: 'min-w-56',
              cell: ({ item }) => (
                <>
                  {titles.get(item) || 'no title'} <span className="font-mono text-sm text-faint">{item}</span>
                </>
              ),
            },
            {
              title: timed ? 'When' : 'Position',
              className: 'whitespace-nowrap text-muted',
              cell: ({ time }) => (timed ? formatTime(new Date(time * 1000)) : time),
            },
            { title: 'Weight', numeric: true, cell: ({ weight }) => formatNumber(weight, 2) },
            {
              title: 'Value',
              numeric: true,
              cell: ({ valueMinor }) => (valueMinor === undefined ? '–' : formatMoney(valueMinor, dataset.currency)),
            },
          ]}
        />
      )}
    </Section>
  );
}
