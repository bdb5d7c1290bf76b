import type { Metadata } from 'next/types';
import { DataTable } from '#components/layout/data-table.tsx';
import { Notice } from '#components/layout/notice.tsx';
import { Section } from '#components/layout/section.tsx';
import { Parameters } from '#components/models/parameters.tsx';
import { datasetOf, rejectedRows } from '#data/datasets/datasets.ts';
import { importSettings, readImportSummary } from '#data/datasets/import-summary.ts';
import { formatCount } from '#format.ts';
import { Passage } from './passage.tsx';

export const metadata: Metadata = { title: 'Import' };

/** Rejected rows on the page; the file in the data folder has them all. */
const shown = 100;

export default async function ImportPage({ params }: { params: Promise<{ dataset: string }> }) {
  const dataset = await datasetOf(params);
  const rows = await rejectedRows(dataset.id, shown);
  const summary = readImportSummary(dataset.summary);
  return (
    <div className="space-y-6">
      {summary && <Passage summary={summary} />}
      {dataset.rejected === 0 ? (
        <Notice title="No row was rejected.">Every row of the files could be read.</Notice>
      ) : (
        <RejectedRows total={dataset.rejected} rows={rows} />
      )}
      <Section title="What the import was asked for">
        <Parameters of={importSettings(dataset.settings)} />
      </Section>
    </div>
  );
}

function RejectedRows({ total, rows }: { total: number; rows: Record<string, unknown>[] }) {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  return (
    <Section
      title={`${formatCount(total)} rejected rows`}
      note={`By file and line${total > rows.length ? `; the first ${formatCount(rows.length)}. rejected.jsonl in the dataset’s folder has them all` : ''}.`}
      flush
    >
      <DataTable
        caption="Rejected rows"
        rows={rows}
        rowKey={(_, place) => place}
        empty="The list of them is no longer in the dataset’s folder."
        columns={columns.map((column) => ({
          title: column,
          className: 'max-w-md [overflow-wrap:anywhere]',
          cell: (row: Record<string, unknown>) => String(row[column] ?? '–'),
        }))}
      />
    </Section>
  );
}
