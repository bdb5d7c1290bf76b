import type { Database, ExperimentStatus } from '@duet/db';
import { type ArmSums, type Attribution, attribute } from './attribution.ts';
import { conclude } from './conclusion.ts';
import { findExperiment } from './experiment.ts';
import { type Metric, type MetricKey, metrics } from './metrics.ts';
import { deltaRatio, type Estimate, type Interval } from './statistics/estimate.ts';
import { type LiftMethod, relativeLift } from './statistics/lift.ts';
import { momentsFromSums } from './statistics/moments.ts';
import { proportion } from './statistics/proportion.ts';
import { type SrmTest, srm } from './statistics/srm.ts';
import { estimateInterval, welch } from './statistics/welch.ts';

export interface ReportOptions extends Attribution {
  /** Confidence level of every interval. */
  level: number;
  /** Interval of the relative lift. */
  liftMethod: LiftMethod;
  /** Below this many users in any arm, the conclusion is that there is none. */
  minimumUsers: number;
}

const defaults: ReportOptions = {
  clickWindowHours: 24,
  orderWindowDays: 7,
  orderAttribution: 'user',
  level: 0.95,
  liftMethod: 'fieller',
  minimumUsers: 100,
};

/** An arm's difference from control in one metric. Figures that the data do not determine are null. */
interface Lift {
  absolute: Interval;
  /** treatment / control − 1 */
  relative: Interval;
  /** Two-sided, of Welch's test. */
  p: number | null;
}

interface ArmCounts {
  users: number;
  impressions: number;
  clicks: number;
  orders: number;
  /** Value of attributed orders, in minor units of the report's currency; refunds are not deducted. */
  gmvMinor: number;
}

export interface ArmReport extends ArmCounts {
  id: string;
  name: string;
  control: boolean;
  weight: number;
  modelId: string;
  metrics: Record<MetricKey, Interval>;
  /** Against control; null for control itself. */
  lift: Record<MetricKey, Lift> | null;
}

export interface Report {
  experiment: {
    id: string;
    name: string;
    status: ExperimentStatus;
    primaryMetric: string;
    startedAt: string | null;
    stoppedAt: string | null;
  };
  /** ISO 4217; every minor unit here is of it. */
  currency: string;
  options: ReportOptions;
  metrics: { key: MetricKey; title: string; unit: Metric['unit'] }[];
  arms: ArmReport[];
  /** Users who saw more than one arm: in no other figure. */
  usersInTwoArms: number;
  srm: SrmTest;
  /** Ascending by UTC day, one per arm and day with events. `users` are those exposed that day. */
  days: (ArmCounts & { day: string; armId: string; ctr: number | null })[];
  /** What can and cannot be concluded, in plain sentences. */
  conclusion: string;
}

/**
 * The experiment's report. The user is the unit throughout: they were randomised, so their sums are the observations.
 * Costs one pass of PostgreSQL over the events since the first exposure; no event reaches this process.
 *
 * @param experiment its id or name
 * @throws DuetError `not-found`
 */
export async function experimentReport(
  database: Database,
  experiment: string,
  options: Partial<ReportOptions> = {},
): Promise<Report> {
  const settings: ReportOptions = { ...defaults, ...options };
  const found = await findExperiment(database, experiment);
  const { currency } = await database.prisma.dataset.findUniqueOrThrow({
    where: { id: found.datasetId },
    select: { currency: true },
  });
  const attributed = await attribute(database, { id: found.id, currency }, settings);
  const sumsOf = (arm: number) => attributed.arms.get(arm);

  const estimates = found.arms.map((_, arm) => estimateAll(sumsOf(arm)));
  const control = estimates[found.arms.findIndex((arm) => arm.control)];
  const arms = found.arms.map(({ id, name, control: isControl, weight, modelId }, place): ArmReport => {
    const sums = sumsOf(place);
    return {
      id,
      name,
      control: isControl,
      weight,
      modelId,
      ...counts(sums?.sums),
      metrics: eachMetric((metric) => armMetric(metric, sums, estimates[place]![metric.key], settings.level)),
      lift: isControl ? null : eachMetric(({ key }) => liftOf(control?.[key], estimates[place]![key], settings)),
    };
  });

  const report = {
    experiment: {
      id: found.id,
      name: found.name,
      status: found.status,
      primaryMetric: found.primaryMetric,
      startedAt: found.startedAt?.toISOString() ?? null,
      stoppedAt: found.stoppedAt?.toISOString() ?? null,
    },
    currency,
    options: settings,
    metrics: metrics.map(({ key, title, unit }) => ({ key, title, unit })),
    arms,
    usersInTwoArms: attributed.usersInTwoArms,
    srm: srm(
      arms.map(({ users }) => users),
      arms.map(({ weight }) => weight),
    ),
    days: attributed.days.map(({ arm, day, sums }) => ({
      day,
      armId: found.arms[arm]!.id,
      ...counts(sums),
      ctr: sums.impressions === 0n ? null : Number(sums.clicks) / Number(sums.impressions),
    })),
  };
  return { ...report, conclusion: conclude(report) };
}

const eachMetric = <T>(of: (metric: (typeof metrics)[number]) => T) =>
  Object.fromEntries(metrics.map((metric) => [metric.key, of(metric)])) as Record<MetricKey, T>;

const counts = (sums?: Record<keyof ArmCounts, bigint>): ArmCounts => ({
  users: Number(sums?.users ?? 0n),
  impressions: Number(sums?.impressions ?? 0n),
  clicks: Number(sums?.clicks ?? 0n),
  orders: Number(sums?.orders ?? 0n),
  gmvMinor: Number(sums?.gmvMinor ?? 0n),
});

function estimateAll(arm: ArmSums | undefined): Record<MetricKey, Estimate | undefined> {
  return eachMetric(({ numerator, denominator }) => {
    if (!arm) return undefined;
    const n = arm.sums.users;
    const x = { x: arm.sums[numerator], xx: arm.product(numerator, numerator) };
    // A mean per user is the ratio whose denominator is 1 for everybody.
    const y =
      denominator === 'users'
        ? { y: n, yy: n, xy: x.x }
        : {
            y: arm.sums[denominator],
            yy: arm.product(denominator, denominator),
            xy: arm.product(numerator, denominator),
          };
    return deltaRatio(momentsFromSums({ n, ...x, ...y }));
  });
}

function armMetric(
  { numerator, denominator, interval }: Metric,
  arm: ArmSums | undefined,
  estimate: Estimate | undefined,
  level: number,
): Interval {
  if (!arm || arm.sums[denominator] === 0n) return { value: null, low: null, high: null };
  const [x, y] = [Number(arm.sums[numerator]), Number(arm.sums[denominator])];
  if (interval === 'wilson') return proportion(x, y, level);
  return estimate ? estimateInterval(estimate, level) : { value: x / y, low: null, high: null };
}

const unknown: Interval = { value: null, low: null, high: null };

function liftOf(
  control: Estimate | undefined,
  treatment: Estimate | undefined,
  { level, liftMethod }: ReportOptions,
): Lift {
  if (!control || !treatment) return { absolute: unknown, relative: unknown, p: null };
  const { value, low, high, p } = welch(control, treatment, level);
  return {
    absolute: { value, low, high },
    relative: relativeLift(control, treatment, { level, method: liftMethod }),
    p,
  };
}
