import { type SequentialOptions, tunedInformation } from '../comparisons/confidence-sequence.ts';
import { estimateInterval } from '../comparisons/welch.ts';
import { deltaRatio, type Estimate, type Interval, meanEstimate } from '../estimates/estimate.ts';
import { momentsFromSums, type Sums } from '../estimates/moments.ts';
import { exactProportion } from '../estimates/proportion.ts';
import { binomialCdf, studentSurvival } from '../numerics/distributions.ts';
import { logGammaStep } from '../numerics/gamma.ts';
import { rootOf } from '../numerics/root.ts';

/** Clicks of one user on the items of either team. */
export interface UserCredit {
  control: number;
  treatment: number;
}

/** An interleaving's credit, summed over the users who saw its lists. */
export interface Credit {
  /** Users who clicked more of treatment's items; of control's; of both the same, zero included. */
  wins: number;
  losses: number;
  ties: number;
  /** x = treatment's clicks, y = clicks of both. */
  sums: Sums;
}

/** Sums users' credit. Clicks are whole numbers. */
export function creditOf(users: readonly UserCredit[]): Credit {
  const count = (holds: (user: UserCredit) => boolean) => users.filter(holds).length;
  const sum = (of: (user: UserCredit) => number) => users.reduce((total, user) => total + BigInt(of(user)), 0n);
  const both = ({ control, treatment }: UserCredit) => control + treatment;
  return {
    wins: count((user) => user.treatment > user.control),
    losses: count((user) => user.treatment < user.control),
    ties: count((user) => user.treatment === user.control),
    sums: {
      n: BigInt(users.length),
      x: sum((user) => user.treatment),
      y: sum(both),
      xx: sum((user) => user.treatment ** 2),
      yy: sum((user) => both(user) ** 2),
      xy: sum((user) => user.treatment * both(user)),
    },
  };
}

/** A share with its interval, and p against one half. */
export interface ShareTest extends Interval {
  /** Two-sided. */
  p: number | null;
}

export interface InterleavingTest {
  users: number;
  wins: number;
  losses: number;
  ties: number;
  /** Treatment's share of the clicks, clustered by user: above ½ it is preferred. */
  preference: ShareTest;
  /**
   * (wins + ties/2) / users: Δ_AB + ½ of Chapelle et al. 2012, eq. 2, of which no heavy clicker has more than one
   * voice.
   */
  userPreference: ShareTest;
  /** Share of wins among users who preferred either, with the sign test's p and the interval that agrees with it. */
  sign: ShareTest;
}

/**
 * Which of two rankings users prefer, from clicks on their team-draft interleaved lists (F. Radlinski, M. Kurup,
 * T. Joachims 2008, "How Does Clickthrough Data Reflect Retrieval Quality?", CIKM, §5; O. Chapelle, T. Joachims,
 * F. Radlinski, Y. Yue 2012, "Large-Scale Validation and Analysis of Interleaved Search Evaluation", TOIS 30:6). The
 * user, not the list, is the unit: lists of one user are alike. `preference` is a ratio of sums by the delta method
 * (Deng et al. 2018), tested by Student's t on users − 1 degrees of freedom, `sign` by the binomial. Shares are null
 * where nobody clicked.
 *
 * `sign` is the one to judge by: it is exact with any number of users and whatever they click, unanimity included,
 * where a few who click a lot make `preference` find winners that are none (`npm run bench:stats`).
 */
export function interleavingTest({ wins, losses, ties, sums }: Credit, level = 0.95): InterleavingTest {
  const users = wins + losses + ties;
  const decided = wins + losses;
  const mean = (wins + ties / 2) / users;
  // Of the values 1, ½ and 0.
  const variance = (wins + ties / 4 - users * mean * mean) / (users - 1);
  return {
    users,
    wins,
    losses,
    ties,
    preference: againstHalf(deltaRatio(momentsFromSums(sums)), level),
    userPreference: againstHalf(meanEstimate({ n: users, mean, variance: Math.max(0, variance) }), level),
    sign: {
      ...exactProportion(wins, decided, level),
      p: decided === 0 ? null : Math.min(1, 2 * binomialCdf(Math.min(wins, losses), decided, 0.5)),
    },
  };
}

/**
 * The share of wins among users who preferred either, as it may be looked at any time: all θ whose likelihood is at
 * least
 * α times that of the counts under a mixture of Beta(c/2, c/2) priors, and their ratio at θ = ½ as the always-valid p
 * (H. Robbins 1970, "Statistical Methods Related to the Law of the Iterated Logarithm", Annals of Mathematical
 * Statistics
 * 41:1397–1409, §9; Lindon & Malek 2022, as in `sequentialSrm`). One c makes it tightest about `tunedFor` users, one is
 * the uniform prior's, which sees a unanimous vote at once, and one lies between. Exact: no variance is estimated. All
 * null where nobody preferred either.
 */
export function signSequence(
  { wins, losses }: Pick<Credit, 'wins' | 'losses'>,
  { level = 0.95, tunedFor, tunedLevel = level }: SequentialOptions,
): ShareTest {
  const decided = wins + losses;
  if (decided === 0) return { value: null, low: null, high: null, p: null };
  const tuned = Math.max(2, tunedFor / tunedInformation(1 - tunedLevel));
  const marginals = [2, Math.sqrt(2 * tuned), tuned].map(
    (c) => logGammaStep(c / 2, wins) + logGammaStep(c / 2, losses) - logGammaStep(c, decided),
  );
  const largest = Math.max(...marginals);
  const mean = marginals.reduce((sum, one) => sum + Math.exp(one - largest), 0) / marginals.length;
  const marginal = largest + Math.log(mean);
  /** The smallest share of `count` successes and `others` that is not ruled out. */
  const lowest = (count: number, others: number) => {
    if (count === 0) return 0;
    const logP = (share: number) => count * Math.log(share) + others * Math.log1p(-share) - marginal;
    const value = count / decided;
    return rootOf((share) => logP(share) - Math.log(1 - level), Number.MIN_VALUE, others === 0 ? 1 - 1e-16 : value);
  };
  return {
    value: wins / decided,
    low: lowest(wins, losses),
    high: 1 - lowest(losses, wins),
    p: Math.min(1, Math.exp(-decided * Math.LN2 - marginal)),
  };
}

function againstHalf(estimate: Estimate | undefined, level: number): ShareTest {
  if (!estimate) return { value: null, low: null, high: null, p: null };
  const t = Math.abs(estimate.value - 0.5) / Math.sqrt(estimate.variance);
  return {
    ...estimateInterval(estimate, level),
    p: estimate.variance > 0 ? 2 * studentSurvival(t, estimate.n - 1) : null,
  };
}
