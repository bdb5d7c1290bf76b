import { compareArms, guardrailInterval, type Metric, metrics as reported, type UserSums } from '@duet/experiments';
import {
  capOf,
  confidenceSequence,
  deltaRatio,
  differenceOf,
  type MeasureSums,
  pairMoments,
  welch,
} from '@duet/statistics';
import { table } from '../bench.ts';
import { arm, type Baskets, history, type Measure, noTreatment, type Treatment } from './drawn-shoppers.ts';
import { stream } from './rng.ts';

/** How an experiment's users are dealt out, control first. */
export interface Split {
  shares: readonly number[];
  users: number;
  baskets?: Baskets;
}

/** The splits whose promises are measured: from the even one to the canary. */
export const splits: Record<string, Split> = {
  '50:50': { shares: [0.5, 0.5], users: 3000 },
  '80:20': { shares: [0.8, 0.2], users: 3000 },
  '90:10': { shares: [0.9, 0.1], users: 4000 },
  '97:3': { shares: [0.97, 0.03], users: 6000 },
  '95:5, a canary': { shares: [0.95, 0.05], users: 20_000 },
  '10:90': { shares: [0.1, 0.9], users: 4000 },
  '90:10, Pareto baskets': { shares: [0.9, 0.1], users: 4000, baskets: 'pareto' },
  '34:33:33': { shares: [0.34, 0.33, 0.33], users: 4500 },
  '80:10:10': { shares: [0.8, 0.1, 0.1], users: 6000 },
};

/** Effects that a report should find: what an even split needs, and what a canary is stopped by. */
export const splitEffects: Record<string, { split: Split; treatment: Treatment }> = {
  '50:50, orders × 1.3': {
    split: { shares: [0.5, 0.5], users: 10_000 },
    treatment: { click: 1, order: 1.3, basket: 1 },
  },
  '95:5, orders × 0.7': { split: splits['95:5, a canary']!, treatment: { click: 1, order: 0.7, basket: 1 } },
};

/** A report's own metrics, one of each kind. */
export const splitMetrics = ['ctr', 'conversion', 'gmvPerUser', 'gmvCappedPerUser', 'averageOrderValue'] as const;
export type SplitMetric = (typeof splitMetrics)[number];
const metricOf = (key: SplitMetric): Metric => reported.find((metric) => metric.key === key)!;

const days = 28;
const alpha = 0.05;
const guardrailLoss = 0.02;
/**
 * A report's defaults: nobody concludes below 100 users in an arm, and the sequence is tightest at twenty times as
 * many.
 */
const minimumUsers = 100;
const comparing = { level: 1 - alpha, liftMethod: 'fieller', tunedFor: 20 * minimumUsers } as const;

/** What one experiment's report said in one metric: on any of its days, or at its end. */
interface MetricVerdict {
  sequence: boolean;
  sequenceCuped: boolean;
  fixed: boolean;
  fixedCuped: boolean;
  /** A guardrail of 2 % was called breached on some day. */
  guardrail: boolean;
  /** A printed interval left zero out where the corrected p beside it was not significant, or the other way round. */
  contradicted: boolean;
  /** Without the variance floor: the sequence on some day, and Welch at the end. */
  sequenceUnfloored: boolean;
  fixedUnfloored: boolean;
  /** The day on which the sequence first told the arms apart; without the floor. */
  foundOn: number | null;
  foundOnUnfloored: number | null;
}

const asReported = (sums: MeasureSums<Measure>): UserSums => ({ ...(sums as unknown as UserSums), knows: () => true });
const significant = (p: number | null) => p !== null && p <= alpha;

/** One experiment, looked at daily by the code that makes a report. */
function experiment(plan: { split: Split; capMinor: number; treatment: Treatment }, seed: number, test: number) {
  const { split, capMinor, treatment } = plan;
  const { shares, users, baskets = 'lognormal' } = split;
  const arms = shares.map((share, i) =>
    arm(
      { usersPerArm: Math.round(share * users), days, capMinor, baskets },
      i === 0 ? noTreatment : treatment,
      stream(seed, shares.length * test + i),
    ),
  );
  return splitMetrics.map((key) => {
    const metric = metricOf(key);
    const verdict: MetricVerdict = {
      ...{ sequence: false, sequenceCuped: false, fixed: false, fixedCuped: false, guardrail: false },
      ...{ contradicted: false, sequenceUnfloored: false, fixedUnfloored: false },
      ...{ foundOn: null, foundOnUnfloored: null },
    };
    for (let day = 0; day < days; day++) {
      const [control, ...treated] = arms.map((all) => all[day]!) as [MeasureSums<Measure>, ...MeasureSums<Measure>[]];
      if ([control, ...treated].some(({ sums }) => sums.users < BigInt(minimumUsers))) continue;
      look(verdict, metric, control, treated, day);
    }
    return verdict;
  });
}

function look(
  verdict: MetricVerdict,
  metric: Metric,
  control: MeasureSums<Measure>,
  treated: readonly MeasureSums<Measure>[],
  day: number,
): void {
  const [of, others] = [asReported(control), treated.map(asReported)];
  const isEnd = day === days - 1;
  const lifts = compareArms(of, others, metric, comparing);
  for (const [i, lift] of lifts.entries()) {
    verdict.sequence ||= significant(lift.sequence.adjustedP);
    verdict.sequenceCuped ||= significant(lift.cuped?.sequence.adjustedP ?? null);
    for (const { absolute, adjustedP } of [
      lift,
      lift.sequence,
      ...(lift.cuped ? [lift.cuped, lift.cuped.sequence] : []),
    ]) {
      if (absolute.low === null || absolute.high === null) continue;
      verdict.contradicted ||= (absolute.low > 0 || absolute.high < 0) !== significant(adjustedP);
    }
    const limits = { basis: 'sequence' as const, treatments: treated.length, comparing };
    const { high } = guardrailInterval(of, others[i], metric, limits);
    verdict.guardrail ||= high !== null && high < -guardrailLoss;
    if (isEnd) verdict.fixed ||= significant(lift.adjustedP);
    if (isEnd) verdict.fixedCuped ||= significant(lift.cuped?.adjustedP ?? null);
    const unfloored = [control, treated[i]!].flatMap(
      (sums) =>
        deltaRatio(pairMoments(sums)(metric.numerator as Measure, metric.denominator as Measure | 'users')) ?? [],
    );
    if (unfloored.length < 2) continue;
    const difference = differenceOf(unfloored[0]!, unfloored[1]!);
    verdict.sequenceUnfloored ||= significant(confidenceSequence(difference, comparing).p);
    if (isEnd) verdict.fixedUnfloored ||= significant(welch(unfloored[0]!, unfloored[1]!).p);
  }
  if (verdict.sequence) verdict.foundOn ??= day + 1;
  if (verdict.sequenceUnfloored) verdict.foundOnUnfloored ??= day + 1;
}

const yesOrNo = [
  ...(['sequence', 'sequenceCuped', 'fixed', 'fixedCuped', 'guardrail', 'contradicted'] as const),
  ...(['sequenceUnfloored', 'fixedUnfloored'] as const),
] as const;
const onDay = ['foundOn', 'foundOnUnfloored'] as const;

/** Share of experiments of a split in which a report says so, by metric; days are medians of those that found it. */
export type SplitResult = Record<
  SplitMetric,
  Record<(typeof yesOrNo)[number], number> & Record<(typeof onDay)[number], number | null>
>;

export function simulateSplit(
  split: Split,
  tests: number,
  seed: number,
  { treatment = noTreatment, progress }: { treatment?: Treatment; progress: (done: number) => void },
): SplitResult {
  const capMinor = Math.round(capOf(history(50_000, days, stream(seed, 0), split.baskets), 0.999)!);
  const runs = Array.from({ length: tests }, (_, test) => {
    const verdicts = experiment({ split, capMinor, treatment }, seed + 1, test);
    progress(test + 1);
    return verdicts;
  });
  const entries = splitMetrics.map((key, i) => {
    const ofMetric = runs.map((verdicts) => verdicts[i]!);
    const median = (what: (typeof onDay)[number]) => {
      const known = ofMetric.flatMap((verdict) => verdict[what] ?? []).sort((a, b) => a - b);
      return known.length === 0 ? null : known[known.length >> 1]!;
    };
    return [
      key,
      Object.fromEntries([
        ...yesOrNo.map((what) => [what, ofMetric.filter((verdict) => verdict[what]).length / tests]),
        ...onDay.map((what) => [what, median(what)]),
      ]),
    ];
  });
  return Object.fromEntries(entries) as SplitResult;
}

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;

/** What was promised and what was measured of every split. */
export function splitTables(found: Record<string, SplitResult>, effects: Record<string, SplitResult>): string[] {
  const rows = (of: Record<string, SplitResult>, cells: (result: SplitResult[SplitMetric]) => string[]) =>
    Object.entries(of).flatMap(([name, result]) =>
      splitMetrics.map((key) => [name, key, ...cells(result[key])] as string[]),
    );
  return [
    '## Without an effect, by split: share called significant at 5 %, by the report’s own code',
    `Control comes first; ${days} daily looks from ${minimumUsers} users an arm on, returning shoppers, three arms after Holm's correction. In brackets: the same without the variance floor.`,
    table(
      [
        'split',
        'metric',
        'sequence, any look',
        'with CUPED',
        'Welch, planned end',
        'with CUPED',
        '2 % guardrail breached',
      ],
      rows(found, (x) => [
        `${percent(x.sequence)} (${percent(x.sequenceUnfloored)})`,
        percent(x.sequenceCuped),
        `${percent(x.fixed)} (${percent(x.fixedUnfloored)})`,
        percent(x.fixedCuped),
        percent(x.guardrail),
      ]),
    ),
    `Interval and corrected p disagreed in ${percent(Math.max(...Object.values(found).flatMap((one) => splitMetrics.map((key) => one[key].contradicted))))} at most.`,
    '## With an effect, by split: share found within 28 days, and the median day',
    table(
      ['experiment', 'metric', 'found by the sequence', 'on day', 'without the floor', 'on day', 'Welch, planned end'],
      rows(effects, (x) => [
        ...[
          percent(x.sequence),
          String(x.foundOn ?? '–'),
          percent(x.sequenceUnfloored),
          String(x.foundOnUnfloored ?? '–'),
        ],
        percent(x.fixed),
      ]),
    ),
  ];
}
