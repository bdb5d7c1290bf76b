import type { AuditLog } from '@duet/db';
import { DataTable } from '#components/layout/data-table.tsx';
import { Time } from '#components/layout/time.tsx';

const shown = (value: unknown): string =>
  value === undefined || value === null ? '–' : typeof value === 'string' ? value : JSON.stringify(value);

/** The fields that a change changed: as they were and as they are, each cut to a line. */
function fieldsOf({ before, after }: AuditLog): string[] {
  const [was, is] = [before ?? {}, after ?? {}] as [Record<string, unknown>, Record<string, unknown>];
  const fields = [...new Set([...Object.keys(was), ...Object.keys(is)])].filter((field) => was[field] ?? is[field]);
  return fields.map((field) => {
    const [from, to] = [was[field], is[field]].map((value) => shown(value).slice(0, 120));
    return was[field] === undefined ? `${field}: ${to}` : `${field}: ${from} → ${to}`;
  });
}

/** The log of changes: who did what to what. */
export const ChangesTable = ({ changes, ofOne = false }: { changes: readonly AuditLog[]; ofOne?: boolean }) => (
  <DataTable
    caption="Changes"
    rows={changes}
    rowKey={({ id }) => id}
    rowClassName={() => '[&>*]:align-top'}
    empty="Nothing has been written down yet."
    columns={[
      { title: 'When', className: 'whitespace-nowrap text-muted', cell: ({ at }) => <Time at={at} /> },
      !ofOne && { title: 'Who', className: 'whitespace-nowrap', cell: ({ actor }) => actor },
      {
        title: 'What',
        className: 'whitespace-nowrap',
        cell: ({ action, objectKind }) => (
          <>
            <span className="font-medium">{action}</span> {objectKind}
          </>
        ),
      },
      {
        title: 'From and to',
        headClassName: 'w-1/2',
        className: 'text-sm [overflow-wrap:anywhere]',
        cell: (change) =>
          [...(change.note ? [change.note] : []), ...fieldsOf(change)].map((line) => <p key={line}>{line}</p>),
      },
    ]}
  />
);
