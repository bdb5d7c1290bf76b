import { lockedWhileRunning, parseSettings } from '@duet/experiments';
import type { Metadata } from 'next/types';
import { DataTable } from '#components/layout/data-table.tsx';
import { DatasetLink } from '#components/layout/dataset-link.tsx';
import { Section } from '#components/layout/section.tsx';
import { ModelName } from '#components/models/model-name.tsx';
import { EditableBy } from '#components/people/allowed.tsx';
import { Badge } from '#components/states/badge.tsx';
import { experimentOf, experimentSetup, knownMetrics } from '#data/experiments/experiments.ts';
import { formatPercent, formatTime } from '#format.ts';
import { Overrides } from './overrides.tsx';
import { planLines, rankingInWords } from './plan-lines.ts';
import { Steps } from './steps.tsx';
import { TuneForm } from './tune.tsx';

export const metadata: Metadata = { title: 'Set-up' };

export default async function SetupPage({ params }: { params: Promise<{ dataset: string; id: string }> }) {
  const experiment = await experimentOf(params);
  const [{ phases, readiness }, metrics] = await Promise.all([experimentSetup(experiment.id), knownMetrics()]);
  const settings = parseSettings(experiment.settings);
  const { status, arms } = experiment;
  const isRunning = status === 'running';
  return (
    <div className="space-y-6">
      <Steps experiment={experiment} arms={arms} readiness={readiness} />

      <Section title="Arms" flush>
        <DataTable
          caption="Arms"
          rows={arms}
          rowKey={({ id }) => id}
          rowClassName={({ weight }) => (weight === 0 ? 'text-muted' : '')}
          columns={[
            {
              title: 'Arm',
              rowHeader: true,
              className: 'font-medium',
              cell: ({ name, control, weight }) => (
                <>
                  {name}
                  {control && <span className="font-normal text-muted"> control</span>}
                  {weight === 0 && <span className="font-normal"> of an earlier phase</span>}
                </>
              ),
            },
            { title: 'Share', numeric: true, cell: ({ weight }) => formatPercent(weight, 1) },
            {
              title: 'Model',
              cell: ({ model, registeredModel }) => (
                <ModelName
                  name={model?.name ?? `${registeredModel?.name}, its champion`}
                  kind={(model ?? registeredModel)?.kind ?? 'unknown'}
                />
              ),
            },
            { title: 'Index', className: 'text-muted', cell: ({ indexId }) => indexId ?? 'the active one' },
            { title: 'Ranking', className: 'text-muted', cell: ({ settings }) => rankingInWords(settings) },
          ]}
        />
      </Section>

      <div className="grid items-start gap-6 xl:grid-cols-[minmax(0,1fr)_22rem]">
        <Section
          title="Plan"
          note={
            isRunning
              ? 'What its figures depend on is locked until a new phase, which deals the shoppers out afresh.'
              : undefined
          }
        >
          <dl className="divide-y divide-line">
            {planLines(experiment, settings, metrics).map(({ title, field, value }) => (
              <div key={title} className="grid gap-x-4 py-2 sm:grid-cols-[10rem_minmax(0,1fr)]">
                <dt className="text-muted">{title}</dt>
                <dd className="min-w-0 [overflow-wrap:anywhere]">
                  {value}
                  {isRunning && field !== undefined && (
                    <span className="block text-xs text-muted">Locked. {lockedWhileRunning[field]}</span>
                  )}
                </dd>
              </div>
            ))}
          </dl>
        </Section>
        <div className="space-y-6">
          {isRunning && (
            <Section title="While it runs" note="What may change without touching its figures.">
              <EditableBy to="analyse">
                <TuneForm id={experiment.id} traffic={experiment.trafficShare} stopRules={settings.stopRules} />
              </EditableBy>
            </Section>
          )}
          {(status === 'draft' || isRunning) && (
            <Section
              title="Overrides for QA"
              note="These shoppers see the arm whatever they hash to, and do not count."
            >
              <EditableBy to="analyse">
                <Overrides
                  id={experiment.id}
                  overrides={settings.overrides}
                  arms={arms.filter(({ weight }) => weight > 0).map(({ name }) => name)}
                />
              </EditableBy>
            </Section>
          )}
          <Phases id={experiment.id} phases={phases} />
        </div>
      </div>
    </div>
  );
}

interface PhasesProps {
  id: string;
  phases: { number: number; startedAt: Date; endedAt: Date | null }[];
}

function Phases({ id, phases }: PhasesProps) {
  if (phases.length === 0) return null;
  return (
    <Section title="Phases" note="Figures are those of one phase.">
      <ul className="space-y-2">
        {phases.map(({ number, startedAt, endedAt }) => (
          <li key={number} className="flex flex-wrap items-baseline justify-between gap-2">
            <DatasetLink href={`/experiments/${id}?phase=${number}`} className="link">
              Phase {number}
            </DatasetLink>
            <span className="text-sm text-muted">
              {formatTime(startedAt)} to {endedAt ? formatTime(endedAt) : <Badge tone="good">now</Badge>}
            </span>
          </li>
        ))}
      </ul>
    </Section>
  );
}
