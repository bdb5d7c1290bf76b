import type { ImportOrder, InspectedUpload } from '@duet/datasets';
import { DataTable } from '#components/layout/data-table.tsx';
import { Section } from '#components/layout/section.tsx';
import { Meter } from '#components/states/meter.tsx';
import { formatBytes, formatPercent } from '#format.ts';
import { holds } from './order.ts';
import type { Sending } from './use-uploads.ts';

interface FilesProps {
  files: InspectedUpload[];
  sending: Sending[];
  tables: ImportOrder['tables'];
  onTable: (id: string, table: ImportOrder['tables'][string]) => void;
  onRemove: (file: InspectedUpload) => void;
  onStop: (name: string) => void;
}

type Row = { name: string; size: number; file?: InspectedUpload; sent?: Sending };

/** The files of an import: how far each is, and what it holds. */
export function Files({ files, sending, tables, onTable, onRemove, onStop }: FilesProps) {
  const underWay = new Set(sending.map(({ name }) => name));
  const rows: Row[] = [
    ...files
      .filter(({ name, size, received }) => size === received || !underWay.has(name))
      .map((file) => ({ name: file.name, size: file.size, file })),
    ...sending.map((sent) => ({ name: sent.name, size: sent.size, sent })),
  ];
  return (
    <Section title="Files" flush>
      <DataTable
        caption="Files"
        rows={rows}
        rowKey={({ name, file }) => file?.id ?? `sending ${name}`}
        columns={[
          {
            title: 'File',
            rowHeader: true,
            className: 'font-medium [overflow-wrap:anywhere]',
            cell: ({ name }) => name,
          },
          { title: 'Size', numeric: true, cell: ({ size }) => formatBytes(size) },
          { title: 'Recognised as', className: 'text-muted', cell: (row) => <Recognised {...row} /> },
          {
            title: 'Holds',
            cell: ({ file }) =>
              file &&
              file.size === file.received && (
                <select
                  aria-label={`What ${file.name} holds`}
                  className="input min-w-40"
                  value={tables[file.id] ?? 'none'}
                  onChange={({ target }) => onTable(file.id, target.value as ImportOrder['tables'][string])}
                >
                  {Object.entries(holds).map(([table, title]) => (
                    <option key={table} value={table}>
                      {title}
                    </option>
                  ))}
                </select>
              ),
          },
          {
            title: 'Remove',
            hideTitle: true,
            className: 'text-right',
            cell: ({ name, file }) => (
              <button
                type="button"
                aria-label={`Remove ${name}`}
                className="button button-quiet"
                onClick={() => (file ? onRemove(file) : onStop(name))}
              >
                Remove
              </button>
            ),
          },
        ]}
      />
    </Section>
  );
}

function Recognised({ file, sent, size }: Row) {
  if (sent?.problem) return <span className="text-bad">{sent.problem}</span>;
  if (sent) {
    const uploadedShare = size === 0 ? 1 : sent.sent / size;
    return (
      <span className="flex items-center gap-2 whitespace-nowrap">
        <Meter share={uploadedShare} color="var(--two-tower)" /> {formatPercent(uploadedShare, 0)} uploaded
      </span>
    );
  }
  if (file === undefined) return null;
  if (file.received < file.size)
    return `${formatPercent(file.received / file.size, 0)} is here. Drop the file again: the upload goes on from there.`;
  if (file.problem) return <span className="text-bad">{file.problem}</span>;
  const what = file.form ?? file.format;
  return what ? `${what}, ${file.columns.length} ${file.columns.length === 1 ? 'column' : 'columns'}` : 'Being read …';
}
