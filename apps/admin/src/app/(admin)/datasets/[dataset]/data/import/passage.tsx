import { DataTable } from '#components/layout/data-table.tsx';
import { Section } from '#components/layout/section.tsx';
import { type ImportSummary, sieve } from '#data/datasets/import-summary.ts';
import { formatCount, formatDuration } from '#format.ts';

/** What became of the files' rows on their way into the dataset. */
export function Passage({ summary }: { summary: ImportSummary }) {
  const reasons = Object.entries(summary.rejected.byReason);
  return (
    <div className="grid items-start gap-6 xl:grid-cols-2">
      <Section
        title="From the file to the dataset"
        note={summary.seconds !== undefined && `The import took ${formatDuration(summary.seconds * 1000)}.`}
        flush
      >
        <DataTable
          caption="What became of the rows"
          rows={sieve(summary)}
          rowKey={({ what }) => what}
          rowClassName={({ rows }) => (rows === 0 ? 'text-muted' : '')}
          columns={[
            { title: 'Rows', rowHeader: true, className: 'font-medium', cell: ({ what }) => what },
            { title: 'Number', numeric: true, cell: ({ rows }) => formatCount(rows) },
            { title: 'What became of them', className: 'text-muted', cell: ({ why }) => why },
          ]}
        />
      </Section>
      {reasons.length > 0 && (
        <Section title="Why rows were rejected" flush>
          <DataTable
            caption="Why rows were rejected"
            rows={reasons}
            rowKey={([reason]) => reason}
            columns={[
              {
                title: 'Reason',
                rowHeader: true,
                className: 'font-medium whitespace-normal',
                cell: ([reason]) => reason,
              },
              { title: 'Rows', numeric: true, cell: ([, rows]) => formatCount(rows) },
            ]}
          />
        </Section>
      )}
    </div>
  );
}
