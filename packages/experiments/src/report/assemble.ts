import type { LiftMethod } from '@duet/statistics';
import { sequentialSrm, srm, srmConcentrations } from '@duet/statistics';
import type { Served } from '../events/served-latency.ts';
import type { Metric } from '../metrics/experiment-metrics.ts';
import type { ExperimentSettings } from '../plan/experiment-settings.ts';
import { tunedForOf } from '../plan/power-plan.ts';
import type { InterleavedDay } from '../rollup/interleaved-credit.ts';
import type { RolledUp } from '../rollup/read-rollup.ts';
import { armInterval } from './arm-estimate.ts';
import { breakdownsOf, type SegmentSums } from './breakdowns.ts';
import { type Comparing, compareArms, guardrailInterval } from './compare.ts';
import { conclude } from './conclusion.ts';
import { countsOf } from './counts.ts';
import { formatMoney } from './figures.ts';
import { guardrailStates } from './guardrails.ts';
import { horizonOf, plannedDayOf } from './horizon.ts';
import { interleavingOf } from './interleaved.ts';
import { dailyCounts, seriesOf } from './series.ts';
import type { ArmReport, Basis, Report } from './shape.ts';

/** What a report is made from. */
export interface Source
  extends Pick<Report, 'experiment' | 'phase' | 'phases' | 'segment' | 'segments' | 'currency' | 'championChanges'> {
  /** Whether it is of an earlier phase than the newest. */
  past: boolean;
  arms: Pick<ArmReport, 'id' | 'name' | 'control' | 'weight' | 'modelId' | 'follows'>[];
  settings: ExperimentSettings;
  metrics: readonly Metric[];
  rollup: RolledUp;
  /** Of an interleaving; empty otherwise. */
  interleaved: readonly InterleavedDay[];
  outliers: Report['outliers'];
  served: ReadonlyMap<string, Served>;
  /** Sums of each segment that is to be compared. */
  parts: SegmentSums[];
  level: number;
  liftMethod: LiftMethod;
  now: Date;
}

/** The metrics as the report names them: capped GMV by its cap, and not at all where nothing is capped. */
function metricsOf({ metrics, settings: { gmvCapMinor }, currency }: Source): Metric[] {
  if (gmvCapMinor === null) return metrics.filter(({ numerator }) => numerator !== 'gmvCappedMinor');
  return metrics.map((metric) =>
    metric.key === 'gmvCappedPerUser'
      ? { ...metric, title: `${metric.title} at ${formatMoney(gmvCapMinor, currency)}` }
      : metric,
  );
}

/** The whole report from sums per arm: a pure function. */
export function assemble(source: Source): Report {
  const { experiment, settings, rollup, segment, now, level, liftMethod } = source;
  const comparing: Comparing = { level, liftMethod, tunedFor: tunedForOf(settings) };
  const metrics = metricsOf(source);
  const arms = armReports(source, metrics, comparing);
  const horizon = horizonOf(experiment, now);
  const basis = settings.sequential || horizon === 'unplanned' ? 'sequence' : 'fixed';
  const evidence = {
    experiment,
    phase: source.phase,
    phases: source.phases,
    segment,
    segments: source.segments,
    madeAt: now.toISOString(),
    through: rollup.through?.toISOString() ?? null,
    currency: source.currency,
    options: {
      level,
      liftMethod,
      minimumUsers: settings.minimumUsers,
      clickWindowHours: settings.attribution.clickWindowHours,
      orderWindowDays: settings.attribution.orderWindowDays,
      orderAttribution: settings.attribution.orderAttribution,
    },
    metrics: metrics.map(({ key, title, unit, direction }) => ({ key, title, unit, direction })),
    arms,
    championChanges: source.championChanges,
    usersInTwoArms: source.past ? null : rollup.usersInTwoArms,
    excludedUsers: source.past ? null : rollup.excludedUsers,
    lateEvents: source.past ? null : rollup.lateEvents,
    outliers: source.outliers,
    srm: splitOf(arms),
    horizon,
    plannedDay: plannedDayOf(experiment.plannedEndAt),
    basis,
    interleaving:
      experiment.design === 'interleaving' ? interleavingOf(source.interleaved, teamsOf(arms), comparing) : null,
    guardrails: guardrailsOf(source, arms, metrics, comparing, horizon === 'at' ? basis : 'sequence'),
    days: dailyCounts(rollup.days, arms),
    series: seriesOf(rollup.days, arms, metrics, comparing),
    breakdowns: breakdownsOf(source.parts, arms, metrics, comparing, basis),
  } as const satisfies Omit<Report, 'finding' | 'caveats' | 'conclusion'>;
  const { finding, caveats } = conclude(evidence);
  return { ...evidence, finding, caveats, conclusion: [finding, ...caveats].join(' ') };
}

/** Of an interleaving's arms the two that lists are drafted from. */
const teamsOf = (arms: readonly ArmReport[]): ArmReport[] => arms.filter(({ weight }) => weight > 0);

/**
 * @param basis a fixed-horizon interval that is looked at on the way finds harm that is not there, as it finds lifts
 */
function guardrailsOf(
  { rollup, settings }: Source,
  arms: readonly ArmReport[],
  metrics: readonly Metric[],
  comparing: Comparing,
  basis: Basis,
): Report['guardrails'] {
  const control = arms.find((arm) => arm.control);
  const treatments = arms.filter(({ control, weight }) => !control && weight > 0);
  return guardrailStates(settings.guardrails, arms, metrics, {
    minimumUsers: settings.minimumUsers,
    intervalOf: (arm, metric) =>
      guardrailInterval(control && rollup.total.get(control.id), rollup.total.get(arm.id), metric, {
        ...{ basis, treatments: treatments.length, comparing },
      }),
  });
}

function splitOf(arms: readonly ArmReport[]): Report['srm'] {
  const [users, weights] = [arms.map((arm) => arm.users), arms.map(({ weight }) => weight)];
  const { p: chiSquareP, ...counts } = srm(users, weights);
  return { ...counts, chiSquareP, ...sequentialSrm(users, weights, srmConcentrations) };
}

function armReports({ arms, rollup, served }: Source, metrics: readonly Metric[], comparing: Comparing): ArmReport[] {
  const control = arms.find((arm) => arm.control);
  const treatments = arms.filter((arm) => !arm.control);
  const sumsOf = (id: string) => rollup.total.get(id);
  const lifts = new Map(
    metrics.map((metric) => [
      metric.key,
      compareArms(
        control && sumsOf(control.id),
        treatments.map(({ id }) => sumsOf(id)),
        metric,
        comparing,
      ),
    ]),
  );
  return arms.map((arm) => ({
    ...arm,
    ...countsOf(sumsOf(arm.id)),
    metrics: Object.fromEntries(
      metrics.map((metric) => [metric.key, armInterval(sumsOf(arm.id), metric, comparing.level)]),
    ),
    lift: arm.control
      ? null
      : Object.fromEntries(metrics.map(({ key }) => [key, lifts.get(key)![treatments.indexOf(arm)]!])),
    served: served.get(arm.id) ?? null,
  }));
}
