import type { UploadPreview } from '@duet/datasets';
import { DataTable } from '#components/layout/data-table.tsx';
import { Section } from '#components/layout/section.tsx';
import { Stat, Stats } from '#components/layout/stat.tsx';
import { formatCount, formatDay } from '#format.ts';

const titles = { interactions: 'Orders and events', items: 'Products', users: 'Shoppers' } as const;

/** What would be stored: counts, what should be known, 20 rows of each table, and what is left out. */
export function Preview({ shown }: { shown: UploadPreview }) {
  const { rows, users, items, clock, currency, events, warnings, preview, faults, read } = shown;
  const span =
    clock.first && clock.last ? `${formatDay(new Date(clock.first))} – ${formatDay(new Date(clock.last))}` : '';
  return (
    <>
      <Stats>
        <Stat label="Interactions" value={formatCount(rows)} note={`of ${formatCount(read)} rows that were read`} />
        <Stat label="Shoppers" value={formatCount(users)} />
        <Stat label="Products" value={formatCount(items)} />
        <Stat label="Rejected rows" value={formatCount(faults.rejected.total)} />
        <Stat label="Time" value={span || 'no times'} note={span === '' && 'The order of the file is taken.'} />
        <Stat label="Currency" value={currency.code} note={`from ${currency.from}`} />
      </Stats>
      {(warnings.length > 0 || events.length > 1) && (
        <Section title="What to know">
          <ul className="list-disc space-y-1 pl-5">
            {events.length > 1 && (
              <li>
                Events: {events.map((one) => `${one.event} ${formatCount(one.rows)} × ${one.weight}`).join(', ')}.
              </li>
            )}
            {warnings.map((warning) => (
              <li key={warning}>{warning}</li>
            ))}
          </ul>
        </Section>
      )}
      {(Object.keys(titles) as (keyof typeof titles)[]).map(
        (table) =>
          preview[table].length > 0 && <Rows key={table} title={titles[table]} table={table} rows={preview[table]} />,
      )}
      <Faults title="Rows that are left out" faults={faults.rejected} />
      <Faults title="Values that are left empty" faults={faults.emptied} />
    </>
  );
}

const text = (value: unknown): string =>
  value === null || value === undefined || value === ''
    ? '–'
    : typeof value === 'object'
      ? JSON.stringify(value)
      : typeof value === 'boolean'
        ? value
          ? 'yes'
          : 'no'
        : String(value);

function Rows({ title, table, rows }: { title: string; table: string; rows: Record<string, unknown>[] }) {
  const columns = Object.keys(rows[0]!).filter((column) => rows.some((row) => text(row[column]) !== '–'));
  return (
    <Section title={title} note={`The first ${rows.length}, as they would be stored.`} flush>
      <DataTable
        caption={`${title} as they would be stored`}
        rows={rows}
        rowKey={(_, place) => `${table} ${place}`}
        columns={columns.map((column) => ({
          title: column,
          className: 'max-w-xs [overflow-wrap:anywhere]',
          numeric: typeof rows[0]![column] === 'number',
          cell: (row: Record<string, unknown>) => text(row[column]),
        }))}
      />
    </Section>
  );
}

function Faults({
  title,
  faults: { total, byReason, examples },
}: {
  title: string;
  faults: UploadPreview['faults']['rejected'];
}) {
  if (total === 0) return null;
  const reasons = Object.entries(byReason).map(([reason, rows]) => ({
    reason,
    rows,
    examples: examples.filter((one) => one.reason === reason).slice(0, 3),
  }));
  return (
    <Section title={`${title}: ${formatCount(total)}`} flush>
      <DataTable
        caption={title}
        rows={reasons}
        rowKey={({ reason }) => reason}
        columns={[
          { title: 'Why', rowHeader: true, className: 'font-medium whitespace-normal', cell: ({ reason }) => reason },
          { title: 'Number', numeric: true, cell: ({ rows }) => formatCount(rows) },
          {
            title: 'For example',
            className: 'text-muted [overflow-wrap:anywhere]',
            cell: ({ examples }) =>
              examples.map(({ file, line, column, value }) => (
                <div key={`${file} ${line} ${column}`}>
                  {file.split(/[\\/]/).at(-1)}, line {line}
                  {column && `, ${column}`}
                  {value && <>: “{value}”</>}
                </div>
              )),
          },
        ]}
      />
    </Section>
  );
}
