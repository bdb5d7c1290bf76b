/**
 * `npm run bench:stats`: whether Duet's statistics keep their promises on simulated shoppers, whose truth is known. In
 * A/A tests every metric must be "significant" one time in twenty, at the end and, by the sequential method, at any
 * daily look; with a true lift, intervals must hold it 19 times in 20; CUPED must save what theory says, a planned
 * power must be met, and so on. Own flags: `--tests N` (2,000), `--seed N`.
 */
import { DuetError } from '@duet/base';
import { capOf, holm, type Interval, powerOf, proportion, requiredUsers } from '@duet/statistics';
import { type Results, runBench, say, table } from './bench.ts';
import { history, noTreatment, type Plan, type Treatment } from './stats/drawn-shoppers.ts';
import {
  baselines,
  coverage,
  falsePositives,
  found,
  names,
  pValues,
  type Runs,
  simulate,
  varianceReductions,
} from './stats/equal-arms.ts';
import { interleaved, multiplicity, offPolicyCoverage, quantileCoverage, srmPeeking } from './stats/logged-choices.ts';
import { stream } from './stats/rng.ts';
import { type Split, type SplitResult, simulateSplit, splitEffects, splits, splitTables } from './stats/splits.ts';

/** The two splits that `--quick` measures. */
const quickSplits = ['50:50', '90:10'];
const statsOptions = { tests: { type: 'string' }, seed: { type: 'string', default: '3' } } as const;
const lift: Treatment = { click: 1.08, order: 1.1, basket: 1.05 };

type PerMetric = Record<string, number>;

interface StatsResults extends Results {
  params: { tests: number; seed: number; plan: Plan; lift: Treatment };
  metrics: {
    /** Share of A/A tests with p ≤ 0.05 at the end. */
    aa_false_positive: PerMetric;
    /** Share of tests with a true lift whose interval of the relative lift holds it, at the end. */
    coverage: PerMetric;
    coverage_absolute: PerMetric;
    /** Share whose confidence sequence holds the lift on every day. */
    coverage_sequence: PerMetric;
    /** Share of A/A tests that are significant on some day: the metric that is least inflated. */
    peeking_fixed: number;
    /** The same by the always-valid p: the metric that errs most. */
    peeking_sequential: number;
    peeking_fixed_by_metric: PerMetric;
    peeking_sequential_by_metric: PerMetric;
    cuped_variance_reduction: ReturnType<typeof varianceReductions>;
    /** The calculator's promise for this plan and the true lift, and the share of tests that found it. */
    power: Record<string, { promised: number; met: number }>;
    /** Users an arm that the calculator asks for at 80 %, and the share of tests of that size that found the lift. */
    planned: Record<string, { usersPerArm: number; met: number }>;
    /** Share of A/A tests in which Holm's adjustment of all metrics rejects any. */
    holm_fwer_aa: number;
    multiplicity: ReturnType<typeof multiplicity>;
    srm_peeking: ReturnType<typeof srmPeeking>;
    quantile_coverage: ReturnType<typeof quantileCoverage>;
    off_policy: ReturnType<typeof offPolicyCoverage>;
    /** The same with logs that are worth few of their choices. */
    off_policy_few: ReturnType<typeof offPolicyCoverage>;
    interleaving: Record<'aa' | 'heavy' | 'lift', ReturnType<typeof interleaved>>;
    /** A/A tests of every split, and splits with an effect, as a report judges them. */
    splits: Record<string, SplitResult>;
    split_effects: Record<string, SplitResult>;
  };
}

function progress(what: string, tests: number) {
  const began = performance.now();
  return (done: number) => {
    if (done % Math.ceil(tests / 4) === 0 || done === tests) {
      say(`${what}: ${done} of ${tests}, ${((performance.now() - began) / 1000).toFixed(0)} s`);
    }
  };
}

const simulated = (what: string, tests: number, plan: Plan, treatment: Treatment, seed: number): Runs =>
  simulate(tests, plan, treatment, seed, progress(what, tests));

async function measure(flags: { quick: boolean; tests?: string; seed: string }): Promise<StatsResults> {
  const tests = Number(flags.tests ?? (flags.quick ? 300 : 2000));
  const seed = Number(flags.seed);
  if (!Number.isInteger(tests) || tests < 20 || !Number.isInteger(seed)) {
    throw new DuetError('bad-input', '--tests is a whole number of at least 20, --seed a whole number.');
  }
  const [half, quarter] = [Math.ceil(tests / 2), Math.ceil(tests / 4)];
  const ofEachSplit = flags.quick ? Math.ceil(tests / 8) : quarter;
  const days = 14;
  const capMinor = Math.round(capOf(history(100_000, days, stream(seed, 0)), 0.999)!);
  const plan: Plan = { usersPerArm: 5000, days, capMinor };

  const aa = simulated('A/A tests', tests, plan, noTreatment, seed + 1);
  const nothing = falsePositives(aa);
  const ps = pValues(aa);
  const before = baselines(aa);
  const reductions = varianceReductions(aa);

  const ab = simulated('tests with a lift', tests, plan, lift, seed + 2);
  const covered = coverage(ab);
  const met = found(ab);
  const effectOf = (name: string) => {
    const [control, treatment] = ab.truth.at(-1)![names.indexOf(name)]!;
    return { relative: treatment / control - 1 };
  };
  const power = Object.fromEntries(
    names.map((name) => [
      name,
      { promised: powerOf({ baseline: before[name]! }, effectOf(name), 2 * plan.usersPerArm), met: met[name]! },
    ]),
  );
  const planned = Object.fromEntries(
    ['ctr', 'gmvCappedPerUserCuped'].map((name, i) => {
      const usersPerArm = requiredUsers({ baseline: before[name]! }, effectOf(name))!.arms[0]!;
      const runs = simulated(
        `tests of the size planned for ${name}`,
        quarter,
        { ...plan, usersPerArm },
        lift,
        seed + 3 + i,
      );
      return [name, { usersPerArm, met: found(runs)[name]! }];
    }),
  );

  say('several tests at once, splits, quantiles');
  const multiple = multiplicity(tests, seed + 5);
  const splitPeeking = srmPeeking(tests, days, 300, seed + 6);
  const quantiles = quantileCoverage(half, 1000, 499, seed + 7);
  say('off-policy estimates');
  const offPolicy = offPolicyCoverage(tests, 300, seed + 8);
  const offPolicyFew = offPolicyCoverage(tests, 40, seed + 20);
  say('interleaving');
  const interleaving = {
    aa: interleaved(half, 400, [1, 1], seed + 9),
    heavy: interleaved(half, 400, [1, 1], seed + 11, 1.6),
    lift: interleaved(half, 400, [1.3, 1], seed + 10),
  };

  const ofSplit = (name: string, split: Split, at: number, treatment?: Treatment): [string, SplitResult] => [
    name,
    simulateSplit(split, ofEachSplit, seed + 100 + 10 * at, {
      ...(treatment && { treatment }),
      progress: progress(name, ofEachSplit),
    }),
  ];
  const chosenSplits = Object.entries(splits).filter(([name]) => !flags.quick || quickSplits.includes(name));
  const splitRuns = Object.fromEntries(chosenSplits.map(([name, split], i) => ofSplit(name, split, i)));
  const effects = Object.fromEntries(
    Object.entries(splitEffects).map(([name, { split, treatment }], i) => ofSplit(name, split, 50 + i, treatment)),
  );

  return {
    params: { tests, seed, plan, lift },
    metrics: {
      aa_false_positive: nothing.atEnd,
      coverage: covered.relative,
      coverage_absolute: covered.absolute,
      coverage_sequence: covered.sequence,
      peeking_fixed: Math.min(...Object.values(nothing.peekingFixed)),
      peeking_sequential: Math.max(...Object.values(nothing.peekingSequential)),
      peeking_fixed_by_metric: nothing.peekingFixed,
      peeking_sequential_by_metric: nothing.peekingSequential,
      cuped_variance_reduction: reductions,
      power,
      planned,
      holm_fwer_aa: ps.filter((all) => holm(all).some((p) => p !== null && p <= 0.05)).length / ps.length,
      multiplicity: multiple,
      srm_peeking: splitPeeking,
      quantile_coverage: quantiles,
      off_policy: offPolicy,
      off_policy_few: offPolicyFew,
      interleaving,
      splits: splitRuns,
      split_effects: effects,
    },
    peers: {},
    ratios: { interleaving_sensitivity: interleaving.lift.sensitivity },
  };
}

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;

function report({ params: { tests, plan, lift: effect }, metrics: found }: StatsResults): string {
  // All metrics' intervals together hold with 95 %: Bonferroni.
  const around = (share: number): Interval => proportion(Math.round(share * tests), tests, 1 - 0.05 / names.length);
  /** With its interval over the tests, and a mark where that leaves out what it should be. */
  const withInterval = (share: number, should: number, as: 'just' | 'least' = 'just') => {
    const { low, high } = around(share);
    const missed = high! < should || (as === 'just' && low! > should);
    return `${percent(share)} [${percent(low!)}, ${percent(high!)}]${missed ? ' *' : ''}`;
  };
  const { interleaving, off_policy: offPolicy, multiplicity: many } = found;
  return [
    `${tests} simulated experiments without any effect, and as many with one (chance to click × ${effect.click}, to order × ${effect.order}, baskets × ${effect.basket}): ${plan.usersPerArm} users an arm come over ${plan.days} days and return as they like; clicks and orders vary widely between them, baskets are log-normal, one user in 200 is a wholesaler. Intervals in brackets are Wilson's over the experiments, of 95 % for all ${names.length} metrics together; * marks one that leaves out what is promised.`,
    '## Without an effect: share called significant at 5 %',
    table(
      ['metric', 'at the end', `looked at daily, Welch`, 'looked at daily, always-valid p'],
      names.map((name) => [
        name,
        withInterval(found.aa_false_positive[name]!, 0.05),
        percent(found.peeking_fixed_by_metric[name]!),
        percent(found.peeking_sequential_by_metric[name]!),
      ]),
    ),
    `All metrics together, Holm-adjusted, reject any in ${percent(found.holm_fwer_aa)}.`,
    '## With an effect: share of intervals that hold the truth, and power',
    table(
      ['metric', 'relative lift', 'difference', 'sequence, every day', 'power promised', 'power met'],
      names.map((name) => [
        name,
        withInterval(found.coverage[name]!, 0.95),
        withInterval(found.coverage_absolute[name]!, 0.95),
        percent(found.coverage_sequence[name]!),
        percent(found.power[name]!.promised),
        withInterval(found.power[name]!.met, found.power[name]!.promised, 'least'),
      ]),
    ),
    ...Object.entries(found.planned).map(
      ([name, { usersPerArm, met }]) =>
        `For 80 % power in ${name} the calculator asks for ${usersPerArm} users an arm; of ${Math.ceil(tests / 4)} such experiments ${percent(met)} found the lift.`,
    ),
    ...splitTables(found.splits, found.split_effects),
    '## CUPED: share of the variance that is gone',
    table(
      ['metric', 'measured over the experiments', 'theory, ρ²'],
      Object.entries(found.cuped_variance_reduction).map(([name, { measured, theory }]) => [
        name,
        percent(measured),
        percent(theory),
      ]),
    ),
    '## Several tests, splits, quantiles',
    table(
      ['', 'measured', 'promised'],
      [
        ['any false rejection of 15 true among 20 hypotheses, uncorrected', percent(many.uncorrectedFwer), '–'],
        ['the same, Holm', percent(many.holmFwer), '≤ 5 %'],
        [
          'false share of the rejected, Benjamini–Hochberg',
          percent(many.benjaminiHochbergFdr),
          percent(many.fdrByTheory),
        ],
        ['split as planned, looked at daily, χ² warns at 5 %', percent(found.srm_peeking.fixed), '–'],
        ['the same, sequential', percent(found.srm_peeking.sequential), '≤ 5 %'],
        ['90 % quantile of baskets by user, outer interval holds it', percent(found.quantile_coverage.outer), '95 %'],
        ['the same, bootstrap', percent(found.quantile_coverage.bootstrap), '95 %'],
      ],
    ),
    '## Off-policy',
    table(
      ['estimator', 'interval holds the truth', 'bias', 'half width'],
      (['ips', 'snips', 'dr'] as const).map((key) => [
        key.toUpperCase(),
        withInterval(offPolicy[key].coverage, 0.95),
        percent(offPolicy[key].bias),
        percent(offPolicy[key].halfWidth),
      ]),
    ),
    `The log is worth ${percent(offPolicy.effectiveSampleShare)} of its choices: ${Math.round(offPolicy.effectiveSampleSize)} of the judged policy's own. Where it is worth ${Math.round(found.off_policy_few.effectiveSampleSize)}, intervals hold ${(['ips', 'snips', 'dr'] as const).map((key) => `${percent(found.off_policy_few[key].coverage)} (${key.toUpperCase()})`).join(', ')}.`,
    '## Interleaving: share called a winner at 5 %, 400 users',
    table(
      ['', 'clicks by user', "users' votes", 'sign test', 'A/B test of as many'],
      (['aa', 'heavy', 'lift'] as const).map((key) => [
        key === 'aa'
          ? 'equally good rankings'
          : key === 'heavy'
            ? 'the same, some shoppers click very much'
            : `one better (${percent(interleaving.lift.preference)} of the clicks)`,
        ...(['preference', 'userPreference', 'sign', 'abTest'] as const).map((test) =>
          percent(interleaving[key].calls[test]),
        ),
      ]),
    ),
    `The interval of the preference holds it in ${percent(interleaving.lift.coverage)}. A user of an interleaving tells as much as ${interleaving.lift.sensitivity.toFixed(1)} of an A/B test.`,
  ].join('\n\n');
}

await runBench('stats', measure, report, statsOptions);
