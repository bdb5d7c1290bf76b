import type { Database, ExperimentStatus } from '@duet/db';
import { conclude } from './conclusion.ts';
import { findExperiment } from './experiment.ts';
import type { UserSums } from './measures.ts';
import { type Metric, type MetricKey, metrics } from './metrics.ts';
import { readRollup } from './read-rollup.ts';
import { rollUp } from './rollup.ts';
import { type ExperimentSettings, parseSettings } from './settings.ts';
import { deltaRatio, type Estimate, type Interval } from './statistics/estimate.ts';
import { type LiftMethod, relativeLift } from './statistics/lift.ts';
import { momentsFromSums } from './statistics/moments.ts';
import { proportion } from './statistics/proportion.ts';
import { type SrmTest, srm } from './statistics/srm.ts';
import { estimateInterval, welch } from './statistics/welch.ts';

export interface ReportOptions {
  /** Confidence level of every interval. */
  level: number;
  /** Interval of the relative lift. */
  liftMethod: LiftMethod;
  /** Below this many users in any arm, the conclusion is that there is none. */
  minimumUsers: number;
}

const defaults: ReportOptions = {
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
  options: ReportOptions & ExperimentSettings['attribution'];
  metrics: { key: MetricKey; title: string; unit: Metric['unit'] }[];
  arms: ArmReport[];
  /** Users who saw more than one arm: in no other figure. */
  usersInTwoArms: number;
  srm: SrmTest;
  /** Ascending by UTC day, one per arm and day with events. `users` are those exposed that day for the first time. */
  days: (ArmCounts & { day: string; armId: string; ctr: number | null })[];
  /** What can and cannot be concluded, in plain sentences. */
  conclusion: string;
}

/**
 * The experiment's report. The user is the unit throughout: they were randomised, so their sums are the observations.
 * Costs a rollup of the events since the last one, and a row of sums per arm and day.
 *
 * @param experiment its id or name
 * @param now events up to a day ahead of it count
 * @throws DuetError `not-found`
 */
export async function experimentReport(
  database: Database,
  experiment: string,
  { now = new Date(), ...options }: Partial<ReportOptions> & { now?: Date } = {},
): Promise<Report> {
  const settings: ReportOptions = { ...defaults, ...options };
  const found = await findExperiment(database, experiment);
  const { currency } = await database.prisma.dataset.findUniqueOrThrow({
    where: { id: found.datasetId },
    select: { currency: true },
  });
  await rollUp(database, found.id, { now });
  const rolledUp = await readRollup(database, found.id);
  const sumsOf = (armId: string) => rolledUp.total.get(armId);

  const estimates = found.arms.map(({ id }) => estimateAll(sumsOf(id)));
  const control = estimates[found.arms.findIndex((arm) => arm.control)];
  const arms = found.arms.map(({ id, name, control: isControl, weight, modelId }, place): ArmReport => {
    const sums = sumsOf(id);
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
    options: { ...settings, ...parseSettings(found.settings).attribution },
    metrics: metrics.map(({ key, title, unit }) => ({ key, title, unit })),
    arms,
    usersInTwoArms: rolledUp.usersInTwoArms,
    srm: srm(
      arms.map(({ users }) => users),
      arms.map(({ weight }) => weight),
    ),
    days: rolledUp.days.flatMap(({ day, arms: upTo }, i) =>
      [...upTo].map(([armId, { sums }]) => {
        const added = addedTo(counts(rolledUp.days[i - 1]?.arms.get(armId)?.sums), counts(sums));
        return { day, armId, ...added, ctr: added.impressions === 0 ? null : added.clicks / added.impressions };
      }),
    ),
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

/** What a day added to the counts up to the day before. */
const addedTo = (before: ArmCounts, after: ArmCounts): ArmCounts => ({
  users: after.users - before.users,
  impressions: after.impressions - before.impressions,
  clicks: after.clicks - before.clicks,
  orders: after.orders - before.orders,
  gmvMinor: after.gmvMinor - before.gmvMinor,
});

function estimateAll(arm: UserSums | undefined): Record<MetricKey, Estimate | undefined> {
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
  { numerator, denominator }: Metric,
  arm: UserSums | undefined,
  estimate: Estimate | undefined,
  level: number,
): Interval {
  if (!arm || arm.sums[denominator] === 0n) return { value: null, low: null, high: null };
  const [x, y] = [Number(arm.sums[numerator]), Number(arm.sums[denominator])];
  if (numerator === 'buyers' && denominator === 'users') return proportion(x, y, level);
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
