import { teamDraft } from '@duet/experiments';
import { normal, type Rng } from '@duet/random';
import {
  benjaminiHochberg,
  capOf,
  creditOf,
  deltaRatio,
  doublyRobust,
  holm,
  type Interval,
  interleavingTest,
  ips,
  type ModelledChoice,
  momentsOf,
  normalSurvival,
  quantileBootstrap,
  quantileEstimate,
  sequentialSrm,
  snips,
  srm,
  welch,
} from '@duet/statistics';
import { stream } from './rng.ts';

const hitShare = (hits: boolean[]) => hits.filter(Boolean).length / hits.length;
const mean = (values: number[]) => values.reduce((sum, x) => sum + x, 0) / values.length;
const softmax = (scores: number[]) => {
  const powers = scores.map(Math.exp);
  const total = powers.reduce((sum, x) => sum + x, 0);
  return powers.map((x) => x / total);
};
const logistic = (x: number) => 1 / (1 + Math.exp(-x));

function drawn(probabilities: number[], rng: Rng): number {
  let rest = rng();
  return Math.max(
    0,
    probabilities.findIndex((p) => {
      rest -= p;
      return rest < 0;
    }),
  );
}

/**
 * Off-policy: shoppers of different tempers choose whether to click what a softmax logger shows; another policy, that
 * looks at other scores, is judged by the log. `predicted` knows the truth up to an error of its own.
 */
export function offPolicyCoverage(tests: number, shoppers: number, seed: number) {
  const actions = 10;
  const runs = Array.from({ length: tests }, (_, test) => {
    const rng = stream(seed, test);
    const choices: ModelledChoice[] = [];
    let truth = 0;
    for (let user = 0; user < shoppers; user++) {
      const temper = normal(rng);
      for (let times = 1 + Math.floor(6 * rng() ** 2); times > 0; times--) {
        const liking = Array.from({ length: actions }, () => normal(rng));
        const click = liking.map((x) => logistic(-2 + x + 0.7 * temper));
        const logger = softmax(liking.map((x) => 0.5 * x + 0.5 * normal(rng)));
        const judged = softmax(liking.map((x) => 1.2 * x));
        const model = liking.map((x) => logistic(-1.7 + 0.7 * x));
        const shown = drawn(logger, rng);
        const expected = (values: number[]) => judged.reduce((sum, p, a) => sum + p * values[a]!, 0);
        truth += expected(click);
        choices.push({
          user: String(user),
          reward: rng() < click[shown]! ? 1 : 0,
          propensity: logger[shown]!,
          target: judged[shown]!,
          predicted: model[shown]!,
          predictedTarget: expected(model),
        });
      }
    }
    return { ips: ips(choices), snips: snips(choices), dr: doublyRobust(choices), truth, choices: choices.length };
  });
  // Of all runs' shoppers together, which is what each run's interval is about.
  const truth = runs.reduce((sum, run) => sum + run.truth, 0) / runs.reduce((sum, run) => sum + run.choices, 0);
  const of = (key: 'ips' | 'snips' | 'dr') => ({
    coverage: hitShare(runs.map((run) => run[key].low! <= truth && truth <= run[key].high!)),
    bias: mean(runs.map((run) => run[key].value!)) / truth - 1,
    halfWidth: mean(runs.map((run) => (run[key].high! - run[key].low!) / 2)) / truth,
  });
  return {
    ips: of('ips'),
    snips: of('snips'),
    dr: of('dr'),
    effectiveSampleSize: mean(runs.map((run) => run.ips.effectiveSampleSize)),
    effectiveSampleShare: mean(runs.map((run) => run.ips.effectiveSampleSize / run.choices)),
  };
}

/** Items' true appeal; two rankings of them that see it through noise, treatment's through less. */
function rankings(rng: Rng, noise: [control: number, treatment: number]) {
  const items = Array.from({ length: 20 }, (_, id) => ({ id: String(id), appeal: normal(rng) }));
  const ranked = (sd: number) =>
    items
      .map((item) => ({ item, score: item.appeal + sd * normal(rng) }))
      .sort((a, b) => b.score - a.score)
      .map(({ item }) => item);
  return { control: ranked(noise[0]), treatment: ranked(noise[1]) };
}

const shown = 10;

/** Clicks on a list from top to bottom: what is further down is seen less. */
const clicksOn = (list: { appeal: number }[], temper: number, rng: Rng): boolean[] =>
  list.map(({ appeal }, place) => rng() < logistic(-3.2 + appeal + temper) / (1 + 0.15 * place));

/**
 * The same two rankers compared by interleaving and by an A/B test of as many shoppers: how often either calls a
 * winner, and how much more each shopper tells (the ratio of the squared z scores).
 */
export function interleaved(tests: number, shoppers: number, noise: [number, number], seed: number, temperSd = 0.8) {
  const runs = Array.from({ length: tests }, (_, test) => {
    const rng = stream(seed, test);
    const credit = [];
    const arms: [clicks: number[], impressions: number[]][] = [
      [[], []],
      [[], []],
    ];
    for (let user = 0; user < shoppers; user++) {
      const temper = temperSd * normal(rng);
      const clicksByTeam = { control: 0, treatment: 0 };
      const [side, counted] = [user % 2, { clicks: 0, impressions: 0 }];
      for (let lists = 1 + Math.floor(5 * rng() ** 2); lists > 0; lists--) {
        const { control, treatment } = rankings(rng, noise);
        const list = teamDraft(control, treatment, shown, rng, ({ id }) => id);
        for (const [place, clicked] of clicksOn(
          list.map(({ item }) => item),
          temper,
          rng,
        ).entries()) {
          if (clicked) clicksByTeam[list[place]!.team]++;
        }
        const seen = (side === 0 ? control : treatment).slice(0, shown);
        counted.clicks += clicksOn(seen, temper, rng).filter(Boolean).length;
        counted.impressions += shown;
      }
      credit.push(clicksByTeam);
      arms[side]![0].push(counted.clicks);
      arms[side]![1].push(counted.impressions);
    }
    const result = interleavingTest(creditOf(credit));
    const [a, b] = arms.map(([clicks, impressions]) => deltaRatio(momentsOf(clicks, impressions))!);
    const ab = welch(a!, b!);
    const total = credit.reduce((sum, { control, treatment }) => sum + control + treatment, 0);
    return { result, ab, treated: credit.reduce((sum, { treatment }) => sum + treatment, 0), total };
  });
  const truth = runs.reduce((sum, run) => sum + run.treated, 0) / runs.reduce((sum, run) => sum + run.total, 0);
  const z = (value: number, low: number) => ((value / (value - low)) * 1.96) ** 2;
  return {
    preference: truth,
    calls: {
      preference: hitShare(runs.map((run) => run.result.preference.p! <= 0.05)),
      userPreference: hitShare(runs.map((run) => run.result.userPreference.p! <= 0.05)),
      sign: hitShare(runs.map((run) => run.result.sign.p! <= 0.05)),
      abTest: hitShare(runs.map((run) => run.ab.p! <= 0.05)),
    },
    coverage: hitShare(runs.map((run) => run.result.preference.low! <= truth && truth <= run.result.preference.high!)),
    sensitivity:
      // One is what no difference gives on average.
      (mean(runs.map(({ result: { preference } }) => z(preference.value! - 0.5, preference.low! - 0.5))) - 1) /
      (mean(runs.map(({ ab }) => z(ab.value!, ab.low!))) - 1),
  };
}

/** Share of experiments, split as planned, in which a look at any day's counts warns at 5 %. */
export function srmPeeking(tests: number, days: number, usersPerDay: number, seed: number) {
  const runs = Array.from({ length: tests }, (_, test) => {
    const rng = stream(seed, test);
    const counts: [number, number] = [0, 0];
    const warned = { fixed: false, sequential: false };
    for (let day = 0; day < days; day++) {
      for (let user = 0; user < usersPerDay; user++) counts[rng() < 0.5 ? 0 : 1]++;
      warned.fixed ||= srm(counts, [1, 1]).p! <= 0.05;
      warned.sequential ||= sequentialSrm(counts, [1, 1]).p! <= 0.05;
    }
    return warned;
  });
  return {
    fixed: hitShare(runs.map(({ fixed }) => fixed)),
    sequential: hitShare(runs.map(({ sequential }) => sequential)),
  };
}

/** Share of samples whose interval holds the 90 % quantile of baskets, of which a shopper has several alike. */
export function quantileCoverage(tests: number, shoppers: number, replicates: number, seed: number) {
  const q = 0.9;
  const shopper = (rng: Rng) => {
    const level = 0.7 * normal(rng);
    return Array.from({ length: 1 + Math.floor(6 * rng() ** 2) }, () => Math.exp(level + 0.9 * normal(rng)));
  };
  const many = (rng: Rng, n: number) => Array.from({ length: n }, () => shopper(rng));
  const truth = capOf(many(stream(seed, tests), 200_000).flat(), q)!;
  const runs = Array.from({ length: tests }, (_, test) => {
    const rng = stream(seed, test);
    const users = many(rng, shoppers);
    const covers = ({ low, high }: Interval) => low! <= truth && truth <= high!;
    return {
      outer: covers(quantileEstimate(users, q)!),
      bootstrap: covers(quantileBootstrap(users, q, { rng, replicates })),
    };
  });
  return {
    outer: hitShare(runs.map(({ outer }) => outer)),
    bootstrap: hitShare(runs.map(({ bootstrap }) => bootstrap)),
  };
}

/**
 * Adjusted p values where 15 of 20 independent hypotheses are true and 5 effects lie three standard errors from
 * nothing.
 */
export function multiplicity(tests: number, seed: number) {
  const [all, effects, alpha] = [20, 5, 0.05];
  const runs = Array.from({ length: tests }, (_, test) => {
    const rng = stream(seed, test);
    const ps = Array.from({ length: all }, (_, i) => 2 * normalSurvival(Math.abs(normal(rng) + (i < effects ? 3 : 0))));
    const rejected = (adjusted: (number | null)[]) => adjusted.flatMap((p, i) => (p! <= alpha ? [i] : []));
    const falseOf = (indices: number[]) => indices.filter((i) => i >= effects).length;
    const [byHolm, byBh] = [rejected(holm(ps)), rejected(benjaminiHochberg(ps))];
    return {
      anyRaw: falseOf(rejected(ps)) > 0,
      anyHolm: falseOf(byHolm) > 0,
      falseShare: byBh.length === 0 ? 0 : falseOf(byBh) / byBh.length,
    };
  });
  return {
    uncorrectedFwer: hitShare(runs.map((run) => run.anyRaw)),
    holmFwer: hitShare(runs.map((run) => run.anyHolm)),
    benjaminiHochbergFdr: mean(runs.map((run) => run.falseShare)),
    /** α times the share of true hypotheses: exact for independent tests. */
    fdrByTheory: (alpha * (all - effects)) / all,
  };
}
