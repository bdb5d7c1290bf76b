import { notFound } from 'next/navigation';
import type { Metadata } from 'next/types';
import { Notice } from '#components/notice.tsx';
import { Parameters } from '#components/parameters.tsx';
import { Section } from '#components/section.tsx';
import { findDataset, rejectedRows } from '#data/datasets.ts';
import { readImportSummary, sieve } from '#data/import-summary.ts';
import { formatCount, formatDuration } from '#format.ts';
import { routeId } from '#route-id.ts';

export const metadata: Metadata = { title: 'Import' };

const shown = 100;

export default async function ImportPage({ params }: { params: Promise<{ id: string }> }) {
  const dataset = await findDataset(await routeId(params));
  if (dataset === null) notFound();
  const rows = await rejectedRows(dataset.id, shown);
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const summary = readImportSummary(dataset.summary);
  const reasons = Object.entries(summary?.rejected.byReason ?? {});
  return (
    <div className="space-y-6">
      {summary && (
        <div className="grid items-start gap-6 xl:grid-cols-2">
          <Section
            title="From the file to the dataset"
            note={
              summary.seconds === undefined ? undefined : `The import took ${formatDuration(summary.seconds * 1000)}.`
            }
            flush
          >
            <table className="data">
              <thead>
                <tr>
                  <th scope="col">Rows</th>
                  <th scope="col" className="num">
                    Number
                  </th>
                  <th scope="col">What became of them</th>
                </tr>
              </thead>
              <tbody>
                {sieve(summary).map(({ what, rows: number, why }) => (
                  <tr key={what} className={number === 0 ? 'text-muted' : ''}>
                    <th scope="row" className="font-medium">
                      {what}
                    </th>
                    <td className="num">{formatCount(number)}</td>
                    <td className="text-muted">{why}</td>
                  </tr>
                ))}
                <tr>
                  <th scope="row" className="font-medium">
                    Items file
                  </th>
                  <td className="num">{formatCount(summary.items.read)}</td>
                  <td className="text-muted">
                    {formatCount(summary.items.withoutInteractions)} that nobody touched, kept
                  </td>
                </tr>
                <tr>
                  <th scope="row" className="font-medium">
                    Users file
                  </th>
                  <td className="num">{formatCount(summary.users.read)}</td>
                  <td className="text-muted">
                    {formatCount(summary.users.withoutInteractions)} without interactions, left out
                  </td>
                </tr>
              </tbody>
            </table>
          </Section>
          {reasons.length > 0 && (
            <Section title="Why rows were rejected" flush>
              <table className="data">
                <thead>
                  <tr>
                    <th scope="col">Reason</th>
                    <th scope="col" className="num">
                      Rows
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {reasons.map(([reason, number]) => (
                    <tr key={reason}>
                      <th scope="row" className="font-medium whitespace-normal">
                        {reason}
                      </th>
                      <td className="num">{formatCount(number)}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </Section>
          )}
        </div>
      )}
      {dataset.rejected === 0 ? (
        <Notice title="No row was rejected.">Every row of the files could be read.</Notice>
      ) : (
        <Section
          title={`${formatCount(dataset.rejected)} rejected rows`}
          note={`By file and line${dataset.rejected > rows.length ? `; the first ${formatCount(rows.length)}. rejected.jsonl in the dataset’s folder has them all` : ''}.`}
          flush
        >
          {rows.length === 0 ? (
            <p className="px-5 pb-5 text-muted">The list of them is no longer in the dataset’s folder.</p>
          ) : (
            <table className="data">
              <thead>
                <tr>
                  {columns.map((column) => (
                    <th key={column} scope="col">
                      {column}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {rows.map((row, i) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: a row has no other identity, and the list never changes
                  <tr key={i}>
                    {columns.map((column) => (
                      <td key={column} className="max-w-md [overflow-wrap:anywhere]">
                        {row[column] === null || row[column] === undefined ? '–' : String(row[column])}
                      </td>
                    ))}
                  </tr>
                ))}
              </tbody>
            </table>
          )}
        </Section>
      )}
      <Section title="What the import was asked for">
        <Parameters of={dataset.settings} />
      </Section>
    </div>
  );
}
