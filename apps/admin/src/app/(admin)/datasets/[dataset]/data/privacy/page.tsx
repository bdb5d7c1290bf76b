import { mostKeptDays } from '@duet/datasets';
import type { Metadata } from 'next/types';
import { DataTable } from '#components/layout/data-table.tsx';
import { Refresh } from '#components/layout/refresh.tsx';
import { Section } from '#components/layout/section.tsx';
import { Time } from '#components/layout/time.tsx';
import { Badge } from '#components/states/badge.tsx';
import { datasetOf } from '#data/datasets/datasets.ts';
import { type ListedErasure, privacyOf } from '#data/datasets/privacy.ts';
import { formatCount } from '#format.ts';
import { CustomerForm, KeepForm } from './forms.tsx';

export const metadata: Metadata = { title: 'Privacy' };

function State({ erasure: { status, error } }: { erasure: ListedErasure }) {
  if (status === 'failed') return <Badge tone="bad">{error ?? 'failed'}</Badge>;
  if (status === 'done') return <Badge tone="good">done</Badge>;
  return <Badge tone="busy">{status === 'queued' ? 'waits for the worker' : 'running'}</Badge>;
}

const Counts = ({ counts }: { counts: [string, number][] }) => (
  <ul className="text-sm">
    {counts.map(([what, n]) => (
      <li key={what}>
        {what}: {formatCount(n)}
      </li>
    ))}
  </ul>
);

function Proof({ erasure: { status, removed, left } }: { erasure: ListedErasure }) {
  if (status !== 'done') return '–';
  return (
    <>
      {removed.length === 0 ? 'There was nothing.' : <Counts counts={removed} />}
      {left === 0 ? (
        <p className="text-sm text-muted">Nothing was left at the last look.</p>
      ) : (
        <p className="text-sm text-bad">{formatCount(left)} rows came anew meanwhile: forget them again.</p>
      )}
    </>
  );
}

export default async function PrivacyPage({ params }: { params: Promise<{ dataset: string }> }) {
  const dataset = await datasetOf(params);
  const { erasures, types } = await privacyOf(dataset.id);
  const isBusy = erasures.some(({ status }) => status === 'queued' || status === 'running');
  return (
    <div className="space-y-6">
      {isBusy && <Refresh everyMs={2000} />}
      <Section title="A customer" note="What is kept of them, to hand out or to erase. Who looked is written down.">
        {/* What was looked at is out of date once somebody is forgotten. */}
        <CustomerForm key={erasures[0]?.id} datasetId={dataset.id} />
      </Section>
      <Section title="Who was forgotten" note="By a fingerprint: the id itself is kept nowhere." flush>
        <DataTable
          caption="Erasures"
          rows={erasures}
          rowKey={({ id }) => id}
          empty="Nobody yet."
          columns={[
            {
              title: 'Fingerprint',
              hint: 'SHA-256 of dataset and id',
              rowHeader: true,
              className: 'font-mono text-sm',
              cell: ({ fingerprint }) => <span title={fingerprint}>{fingerprint.slice(0, 12)}…</span>,
            },
            {
              title: 'Asked for',
              cell: ({ createdAt, createdBy }) => (
                <>
                  <Time at={createdAt} /> <span className="block text-sm text-muted">by {createdBy}</span>
                </>
              ),
            },
            { title: 'State', cell: (erasure) => <State erasure={erasure} /> },
            { title: 'Removed', cell: (erasure) => <Proof erasure={erasure} /> },
            {
              title: 'Still names them',
              className: 'max-w-md',
              cell: ({ remaining }) => (
                <ul className="space-y-1 text-sm">
                  {remaining.map(({ what, until }) => (
                    <li key={what}>
                      {what} <span className="text-muted">{until}</span>
                    </li>
                  ))}
                </ul>
              ),
            },
          ]}
        />
      </Section>
      <Section
        title="How long events are kept"
        note={`Days by type, ${mostKeptDays} where it is empty. Longer only where an experiment still counts them, or they are in no snapshot yet.`}
      >
        <KeepForm datasetId={dataset.id} types={types} mostDays={mostKeptDays} />
      </Section>
    </div>
  );
}
