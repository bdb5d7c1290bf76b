import { alertKinds } from '@duet/pipeline/control';
import type { Metadata } from 'next/types';
import { DataTable } from '#components/layout/data-table.tsx';
import { PageHeader } from '#components/layout/page-header.tsx';
import { Section } from '#components/layout/section.tsx';
import { Time } from '#components/layout/time.tsx';
import { Allowed } from '#components/people/allowed.tsx';
import { Badge, type Tone } from '#components/states/badge.tsx';
import { datasetOf } from '#data/datasets/datasets.ts';
import { type DatasetHealth, healthOf } from '#data/pipeline/health.ts';
import { CheckNow, RemoveWebhook, TryWebhook, WebhookForm } from './forms.tsx';

export const metadata: Metadata = { title: 'Health' };

const states: Record<DatasetHealth['checks'][number]['state'], { tone: Tone; word: string }> = {
  ok: { tone: 'good', word: 'well' },
  warn: { tone: 'busy', word: 'look at it' },
  fail: { tone: 'bad', word: 'fails' },
};

export default async function HealthPage({ params }: { params: Promise<{ dataset: string }> }) {
  const dataset = await datasetOf(params);
  const { checks, alerts, destinations } = await healthOf(dataset.id);
  const { test: _, ...kinds } = alertKinds;
  return (
    <>
      <PageHeader
        title="Health"
        summary={`Whether the data of ${dataset.name} and what is recommended from it are sound, and who is told when not.`}
        actions={
          <Allowed to="analyse">
            <CheckNow datasetId={dataset.id} />
          </Allowed>
        }
      />
      <div className="space-y-6">
        <Section title="Checks" note={<LookedAt checks={checks} />} flush>
          <Checks checks={checks} />
        </Section>
        <Section title="Alerts" note="The newest first, of this dataset and of the whole installation." flush>
          <Alerts alerts={alerts} />
        </Section>
        <Section
          title="Where alerts go"
          note="Each is sent as signed JSON. One that is not taken is tried again, six times within half a day."
          flush
        >
          <DataTable
            caption="Destinations"
            rows={destinations}
            rowKey={({ id }) => id}
            empty="Nowhere: alerts are seen on this page alone."
            columns={[
              { title: 'Name', rowHeader: true, className: 'font-medium', cell: ({ name }) => name },
              { title: 'Host', className: 'font-mono text-sm', cell: ({ host }) => host },
              { title: 'Alerts', cell: ({ kinds }) => (kinds.length === 0 ? 'all' : kinds.join(', ')) },
              { title: 'Of', cell: ({ datasetId }) => (datasetId === null ? 'every dataset' : dataset.name) },
              {
                title: 'Change',
                hideTitle: true,
                numeric: true,
                cell: ({ name }) => (
                  <Allowed to="administer">
                    <span className="inline-flex flex-wrap items-center justify-end gap-3">
                      <TryWebhook name={name} />
                      <RemoveWebhook name={name} />
                    </span>
                  </Allowed>
                ),
              },
            ]}
          />
          <Allowed to="administer">
            <WebhookForm datasetId={dataset.id} kinds={kinds} />
          </Allowed>
        </Section>
      </div>
    </>
  );
}

/** When the checks were made, and when they are made again. */
const LookedAt = ({ checks: [first] }: Pick<DatasetHealth, 'checks'>) => (
  <>
    The worst first.{' '}
    {first && (
      <>
        Looked at <Time at={first.checkedAt} />;{' '}
      </>
    )}
    the worker looks each hour, and every five minutes while an alert is open.
  </>
);

const Checks = ({ checks }: Pick<DatasetHealth, 'checks'>) => (
  <DataTable
    caption="Checks"
    rows={checks}
    rowKey={({ name }) => name}
    empty="Nobody has looked yet: the worker does each hour, and “Check now” does at once."
    columns={[
      {
        title: 'State',
        cell: ({ state }) => <Badge tone={states[state].tone}>{states[state].word}</Badge>,
      },
      {
        title: 'What was found',
        className: 'w-full min-w-64',
        cell: ({ name, sentence, remedy, state }) => (
          <>
            {sentence} <span className="font-mono text-xs text-faint">{name}</span>
            {state !== 'ok' && remedy !== '' && <span className="block text-sm text-muted">{remedy}</span>}
          </>
        ),
      },
      { title: 'Since', className: 'whitespace-nowrap text-muted', cell: ({ since }) => <Time at={since} /> },
    ]}
  />
);

const Alerts = ({ alerts }: Pick<DatasetHealth, 'alerts'>) => (
  <DataTable
    caption="Alerts"
    rows={alerts}
    rowKey={({ id }) => id}
    empty="None so far."
    columns={[
      {
        title: 'State',
        cell: ({ closedAt }) => (
          <Badge tone={closedAt === null ? 'bad' : 'quiet'}>{closedAt === null ? 'open' : 'over'}</Badge>
        ),
      },
      {
        title: 'Alert',
        className: 'w-full min-w-64',
        cell: ({ sentence, kind }) => (
          <>
            {sentence} <span className="font-mono text-xs text-faint">{kind}</span>
          </>
        ),
      },
      { title: 'Raised', className: 'whitespace-nowrap text-muted', cell: ({ createdAt }) => <Time at={createdAt} /> },
      {
        title: 'Told',
        className: 'text-sm',
        cell: ({ tellers, attempts, lastError, nextTryAt }) => (
          <>
            {tellers.length > 0 ? tellers.join(', ') : 'nobody yet'}
            {lastError !== null && (
              <span className="block text-bad">
                try {attempts} failed: {lastError}
                {nextTryAt !== null && (
                  <>
                    ; next at <Time at={nextTryAt} />
                  </>
                )}
              </span>
            )}
          </>
        ),
      },
    ]}
  />
);
