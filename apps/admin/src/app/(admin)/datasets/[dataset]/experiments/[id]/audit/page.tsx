import type { Metadata } from 'next/types';
import { DataTable } from '#components/layout/data-table.tsx';
import { Notice } from '#components/layout/notice.tsx';
import { Section } from '#components/layout/section.tsx';
import { experimentAudit, experimentOf } from '#data/experiments/experiments.ts';
import { formatPercent, formatTime } from '#format.ts';

export const metadata: Metadata = { title: 'Audit log' };

const verbs: Record<string, string> = {
  create: 'created it',
  set: 'changed it',
  start: 'started it',
  stop: 'stopped it',
  phase: 'began a new phase',
  decide: 'decided it',
  warn: 'warned',
};

/** An arm in a line; what it serves is told apart by the model's id. */
const arm = ({ name, weight, control, modelId, indexId, settings }: Record<string, unknown>): string =>
  [
    `${name} ${formatPercent(Number(weight), 1)}${control ? ', control' : ''}: model ${String(modelId).slice(-6)}`,
    ...(indexId ? [`index ${String(indexId).slice(-6)}`] : []),
    ...(JSON.stringify(settings) === '{}' ? [] : [JSON.stringify(settings)]),
  ].join(', ');

const show = (field: string, value: unknown): string => {
  if (value === undefined || value === null) return '–';
  if (field === 'arms' && Array.isArray(value)) return value.map(arm).join('\n');
  return typeof value === 'string' ? value : JSON.stringify(value);
};

export default async function AuditPage({ params }: { params: Promise<{ dataset: string; id: string }> }) {
  const log = await experimentAudit((await experimentOf(params)).id);
  if (log.length === 0) {
    return (
      <Notice title="Nothing has been written down.">
        Changes made by earlier versions of Duet are not in the log.
      </Notice>
    );
  }
  return (
    <Section title="Who changed what" note="The newest first. It outlives the experiment." flush>
      <DataTable
        caption="Who changed what"
        rows={log}
        rowKey={({ id }) => id}
        rowClassName={() => '[&>td]:align-top'}
        columns={[
          { title: 'When', className: 'whitespace-nowrap text-muted', cell: ({ at }) => formatTime(at) },
          { title: 'Who', className: 'whitespace-nowrap', cell: ({ actor }) => actor },
          {
            title: 'What',
            cell: ({ action, note }) => (
              <>
                <span className="font-medium whitespace-nowrap">{verbs[action] ?? action}</span>
                {note && <span className="block max-w-72 text-sm text-muted">{note}</span>}
              </>
            ),
          },
          { title: 'From and to', headClassName: 'w-1/2', cell: (entry) => <Changes of={changesOf(entry)} /> },
        ]}
      />
    </Section>
  );
}

interface Change {
  field: string;
  from: string;
  to: string;
}

/** The fields that an entry of the log changed. What a draft starts with is on its set-up page, so that is none. */
function changesOf({ action, before, after }: Awaited<ReturnType<typeof experimentAudit>>[number]): Change[] {
  if (action === 'create') return [];
  const [was, is] = [before ?? {}, after ?? {}] as [Record<string, unknown>, Record<string, unknown>];
  return [...new Set([...Object.keys(was), ...Object.keys(is)])].map((field) => ({
    ...{ field, from: show(field, was[field]), to: show(field, is[field]) },
  }));
}

const Changes = ({ of }: { of: Change[] }) => (
  <dl className="space-y-2">
    {of.map(({ field, from, to }) => (
      <div key={field} className="min-w-0 text-sm whitespace-pre-line [overflow-wrap:anywhere]">
        <dt className="font-mono text-xs text-muted">{field}</dt>
        <dd className="grid grid-cols-2 gap-4">
          <span>{from}</span>
          <span>{to}</span>
        </dd>
      </div>
    ))}
  </dl>
);
