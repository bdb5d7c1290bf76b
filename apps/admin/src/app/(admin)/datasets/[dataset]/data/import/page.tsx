import type { RejectedRow } from '@duet/datasets';
import type { Dataset } from '@duet/db';
import type { Metadata } from 'next/types';
import { DataTable } from '#components/layout/data-table.tsx';
import { Notice } from '#components/layout/notice.tsx';
import { Section } from '#components/layout/section.tsx';
import { Parameters } from '#components/models/parameters.tsx';
import { datasetOf, firstRejected } from '#data/datasets/datasets.ts';
import { importSettings, readImportSummary } from '#data/datasets/import-summary.ts';
import { datasetPath } from '#dataset-path.ts';
import { formatCount } from '#format.ts';
import { Passage } from './passage.tsx';
import { Warnings } from './warnings.tsx';

export const metadata: Metadata = { title: 'Import' };

/** Rejected rows on the page; the download has them all. */
const shown = 100;

export default async function ImportPage({ params }: { params: Promise<{ dataset: string }> }) {
  const dataset = await datasetOf(params);
  const rows = await firstRejected(dataset.id, shown);
  const summary = readImportSummary(dataset.summary);
  return (
    <div className="space-y-6">
      {summary && <Warnings warnings={summary.warnings} />}
      {summary && <Passage summary={summary} />}
      {dataset.rejected === 0 ? (
        <Notice title="No row was rejected.">Every row of the files could be read.</Notice>
      ) : (
        <RejectedRows dataset={dataset} rows={rows} />
      )}
      <Section title="What the import was asked for">
        <Parameters of={importSettings(dataset.settings)} />
      </Section>
    </div>
  );
}

function RejectedRows({ dataset, rows }: { dataset: Dataset; rows: RejectedRow[] }) {
  const more = dataset.rejected > rows.length && `; the first ${formatCount(rows.length)}`;
  return (
    <Section
      title={`${formatCount(dataset.rejected)} rejected rows`}
      note={`By file and line${more || ''}. The download has every row with all its columns, to be mended and added.`}
      actions={
        <a className="button button-quiet" href={`${datasetPath(dataset.name)}/data/import/rejected`} download>
          Download as CSV
        </a>
      }
      flush
    >
      <DataTable
        caption="Rejected rows"
        rows={rows}
        rowKey={(_, place) => place}
        empty="The list of them is no longer in the dataset’s folder."
        columns={[
          { title: 'File', rowHeader: true, className: 'max-w-xs [overflow-wrap:anywhere]', cell: ({ file }) => file },
          { title: 'Line', numeric: true, cell: ({ line }) => formatCount(line) },
          { title: 'Why', cell: ({ reason }) => reason },
          { title: 'Column', cell: ({ column }) => column || '–' },
          {
            title: 'Value',
            className: 'max-w-md text-muted [overflow-wrap:anywhere]',
            cell: ({ value }) => value || '–',
          },
        ]}
      />
    </Section>
  );
}
