import { estimateInterval } from '../comparisons/welch.ts';
import { deltaRatio, type Estimate, type Interval, meanEstimate } from '../estimates/estimate.ts';
import { momentsFromSums, type Sums } from '../estimates/moments.ts';
import { proportion } from '../estimates/proportion.ts';
import { binomialCdf, studentSurvival } from '../numerics/distributions.ts';

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
interface ShareTest extends Interval {
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
  /** (wins + ties/2) / users: Δ_AB + ½ of Chapelle et al. 2012, eq. 2, of which no heavy clicker has more than one voice. */
  userPreference: ShareTest;
  /** Share of wins among users who preferred either, with Wilson's interval and the exact sign test's p. */
  sign: ShareTest;
}

/**
 * Which of two rankings users prefer, from clicks on their team-draft interleaved lists (F. Radlinski, M. Kurup,
 * T. Joachims 2008, "How Does Clickthrough Data Reflect Retrieval Quality?", CIKM, §5; O. Chapelle, T. Joachims,
 * F. Radlinski, Y. Yue 2012, "Large-Scale Validation and Analysis of Interleaved Search Evaluation", TOIS 30:6). The
 * user, not the list, is the unit: lists of one user are alike. `preference` is a ratio of sums by the delta method
 * (Deng et al. 2018), tested by Student's t on users − 1 degrees of freedom, `sign` by the binomial. Shares are null
 * where nobody clicked.
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
      ...proportion(wins, decided, level),
      p: decided === 0 ? null : Math.min(1, 2 * binomialCdf(Math.min(wins, losses), decided, 0.5)),
    },
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
