import { notFound } from 'next/navigation';
import type { Metadata } from 'next/types';
import { Notice } from '#components/notice.tsx';
import { Parameters } from '#components/parameters.tsx';
import { Section } from '#components/section.tsx';
import { findDataset, rejectedRows } from '#data/datasets.ts';
import { formatCount, formatPercent } from '#format.ts';
import { routeId } from '#route-id.ts';

export const metadata: Metadata = { title: 'Import' };

const shown = 100;

export default async function ImportPage({ params }: { params: Promise<{ id: string }> }) {
  const dataset = await findDataset(await routeId(params));
  if (dataset === null) notFound();
  const rows = await rejectedRows(dataset.id, shown);
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const read = dataset.interactions + dataset.rejected;
  return (
    <div className="space-y-6">
      <Section title="What the importer saw" note="Rows it left out, by reason, and what it made of the rest.">
        <Parameters of={dataset.summary} />
      </Section>
      {dataset.rejected === 0 ? (
        <Notice title="No row was rejected.">Every row of the files could be read.</Notice>
      ) : (
        <Section
          title={`${formatCount(dataset.rejected)} rejected rows`}
          note={`${formatPercent(dataset.rejected / Math.max(1, read), 2)} of what was read. The first ${formatCount(rows.length)}, as the importer wrote them; rejected.jsonl in the dataset’s folder has more.`}
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
