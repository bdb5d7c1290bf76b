import { lockedWhileRunning, parseSettings } from '@duet/experiments';
import Link from 'next/link';
import { notFound } from 'next/navigation';
import type { Metadata } from 'next/types';
import { Badge } from '#components/badge.tsx';
import { ModelName } from '#components/model-name.tsx';
import { Section } from '#components/section.tsx';
import { experimentSetup, findExperiment, knownMetrics } from '#data/experiments.ts';
import { formatMoney, formatPercent, formatTime } from '#format.ts';
import { routeId } from '#route-id.ts';
import { Overrides } from './overrides.tsx';
import { Steps } from './steps.tsx';
import { TuneForm } from './tune.tsx';

export const metadata: Metadata = { title: 'Set-up' };

const json = (value: unknown) => (JSON.stringify(value) === '{}' ? 'as the ranker has it' : JSON.stringify(value));

export default async function SetupPage({ params }: { params: Promise<{ id: string }> }) {
  const experiment = await findExperiment(await routeId(params));
  if (experiment === null) notFound();
  const [{ phases, readiness }, metrics] = await Promise.all([experimentSetup(experiment.id), knownMetrics()]);
  const settings = parseSettings(experiment.settings);
  const { status, arms, layer, layerFrom, layerTo } = experiment;
  const titleOf = (key: string) => metrics.find((metric) => metric.key === key)?.title ?? key;
  const isRunning = status === 'running';
  const { attribution } = settings;
  const lines: [title: string, field: string | undefined, value: string][] = [
    ['Hypothesis', 'settings.hypothesis', settings.hypothesis || 'none was written down'],
    ['Design', 'design', experiment.design === 'ab' ? 'A/B: shoppers are split' : 'interleaving: lists are mixed'],
    ['Traffic', undefined, `${formatPercent(experiment.trafficShare, 1)} of the shoppers it may have`],
    [
      'Layer',
      'layer',
      layer === null
        ? 'none'
        : `${layer}, ${formatPercent(settings.layerShare, 1)} of its shoppers${layerFrom === null ? '' : ` (buckets ${layerFrom} to ${layerTo! - 1})`}`,
    ],
    [
      'Targeting',
      'settings.targeting',
      settings.targeting.map(({ attribute, in: values }) => `${attribute} is ${values.join(' or ')}`).join(' and ') ||
        'everybody',
    ],
    [
      'Held out',
      undefined,
      `${formatPercent(experiment.dataset.holdout, 1)} of the dataset’s shoppers are in no experiment`,
    ],
    ['Primary metric', 'primaryMetric', titleOf(experiment.primaryMetric)],
    [
      'Guardrails',
      'settings.guardrails',
      settings.guardrails
        .map(({ metric, maxRelativeLoss }) => `${titleOf(metric)} may lose ${formatPercent(maxRelativeLoss, 1)}`)
        .join('; ') || 'none',
    ],
    [
      'Planned duration',
      'settings.plannedDays',
      `${settings.plannedDays} days${experiment.plannedEndAt ? `, until ${formatTime(experiment.plannedEndAt)}` : ''}`,
    ],
    [
      'Error rate',
      'settings.alpha',
      `${formatPercent(settings.alpha, 1)}, ${settings.sequential ? 'at any number of looks' : 'at one look, at the planned end'}`,
    ],
    [
      'Attribution',
      'settings.attribution',
      `clicks within ${attribution.clickWindowHours} hours, orders within ${attribution.orderWindowDays} days of the last exposure to ${attribution.orderAttribution === 'user' ? 'any item' : 'the item'}; events up to ${attribution.lateHours} hours late`,
    ],
    [
      'GMV cap',
      'settings.gmvCapMinor',
      settings.gmvCapMinor !== null
        ? `${formatMoney(settings.gmvCapMinor, experiment.dataset.currency)} a shopper`
        : settings.gmvCapQuantile === null
          ? 'none'
          : `quantile ${settings.gmvCapQuantile} of history, fixed at the start`,
    ],
    ['Exploration', 'settings.exploration', formatPercent(settings.exploration, 1)],
    [
      'Excluded shoppers',
      undefined,
      settings.excludedUsers.length === 0 ? 'none' : String(settings.excludedUsers.length),
    ],
  ];
  return (
    <div className="space-y-6">
      <Steps experiment={experiment} arms={arms} readiness={readiness} />

      <Section title="Arms" flush>
        <table className="data">
          <thead>
            <tr>
              <th scope="col">Arm</th>
              <th scope="col" className="num">
                Share
              </th>
              <th scope="col">Model</th>
              <th scope="col">Index</th>
              <th scope="col">Ranking</th>
            </tr>
          </thead>
          <tbody>
            {arms.map((arm) => (
              <tr key={arm.id} className={arm.weight === 0 ? 'text-muted' : ''}>
                <th scope="row" className="font-medium">
                  {arm.name}
                  {arm.control && <span className="font-normal text-muted"> control</span>}
                  {arm.weight === 0 && <span className="font-normal"> of an earlier phase</span>}
                </th>
                <td className="num">{formatPercent(arm.weight, 1)}</td>
                <td>
                  <ModelName name={arm.model.name} kind={arm.model.kind} />
                </td>
                <td className="text-muted">{arm.indexId === null ? 'the active one' : arm.indexId}</td>
                <td className="text-muted">{json(arm.settings)}</td>
              </tr>
            ))}
          </tbody>
        </table>
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
            {lines.map(([title, field, value]) => (
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
              <TuneForm id={experiment.id} traffic={experiment.trafficShare} stopRules={settings.stopRules} />
            </Section>
          )}
          {(status === 'draft' || isRunning) && (
            <Section
              title="Overrides for QA"
              note="These shoppers see the arm whatever they hash to, and do not count."
            >
              <Overrides
                id={experiment.id}
                overrides={settings.overrides}
                arms={arms.filter(({ weight }) => weight > 0).map(({ name }) => name)}
              />
            </Section>
          )}
          {phases.length > 0 && (
            <Section title="Phases" note="Figures are those of one phase.">
              <ul className="space-y-2">
                {phases.map(({ number, startedAt, endedAt }) => (
                  <li key={number} className="flex flex-wrap items-baseline justify-between gap-2">
                    <Link href={`/experiments/${experiment.id}?phase=${number}`} className="link">
                      Phase {number}
                    </Link>
                    <span className="text-sm text-muted">
                      {formatTime(startedAt)} to {endedAt ? formatTime(endedAt) : <Badge tone="good">now</Badge>}
                    </span>
                  </li>
                ))}
              </ul>
            </Section>
          )}
        </div>
      </div>
    </div>
  );
}
