import type { ExperimentStatus } from '@duet/db';
import type { Interval, LiftMethod, SequentialSrm, ShareTest, SrmTest } from '@duet/statistics';
import type { Served } from '../events/served-latency.ts';
import type { Unit } from './figures.ts';

/**
 * Treatment − control and treatment / control − 1, with a two-sided p. Figures that the data do not determine are null.
 */
export interface Difference {
  absolute: Interval;
  relative: Interval;
  p: number | null;
}

/**
 * A difference that is judged together with others. Its intervals leave zero out exactly where `adjustedP` is at most
 * α.
 */
export interface AdjustedDifference extends Difference {
  /** `p` after Holm's correction for the arms that are compared with control. */
  adjustedP: number | null;
}

/**
 * An arm against control in one metric. Its own `absolute`, `relative` and `p` (Welch) hold for one look, planned
 * beforehand.
 */
export interface Lift extends AdjustedDifference {
  /** The confidence sequence and its always-valid p: they hold at every look. */
  sequence: AdjustedDifference;
  /** With the users' time before the experiment taken out (CUPED); null where the metric or the users have none. */
  cuped: (AdjustedDifference & { sequence: AdjustedDifference; varianceReduction: number }) | null;
  /** Under a prior of no effect; `expectedLoss` of choosing the arm, relative to control. null where nothing varies. */
  bayes: { chanceToWin: number; expectedLoss: number } | null;
  /** Where the metric's denominator, such as orders, comes from too few users in an arm to say how sure it is. */
  tooFew: { has: number; needs: number } | null;
}

/** Whether the users split as planned. */
export interface SplitCheck extends Omit<SrmTest, 'p' | 'warning'>, SequentialSrm {
  /** Of `chiSquare`: it holds for one look that was planned beforehand, where `p` and `warning` hold at every look. */
  chiSquareP: number | null;
}

export interface ReportMetric {
  key: string;
  /** As it stands in a sentence. */
  title: string;
  unit: Unit;
  /** Which way is better. */
  direction: 'up' | 'down';
}

export interface ArmCounts {
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
  /** Share of the users that was planned for it. */
  weight: number;
  /**
   * The one that it served last in the phase: the pinned one, or the champion that it followed; null where none was.
   */
  modelId: string | null;
  /** Name of the registered model whose champion it follows; null for an arm that pins a model. */
  follows: string | null;
  metrics: Record<string, Interval>;
  /** Against control, by metric; null for control itself. */
  lift: Record<string, Lift> | null;
  /** What it answered; null for an arm of an earlier phase that is gone. */
  served: Served | null;
}

/**
 * The look that is taken now, against the one that was planned: fixed-horizon intervals are valid `at` the planned end
 * alone, which lasts a day.
 */
export type Horizon = 'unplanned' | 'before' | 'at' | 'after';

/** Which interval decides at this look. */
export type Basis = 'fixed' | 'sequence';

export interface Guardrail {
  metric: string;
  armId: string;
  /** The arm may lose this share of control's value, such as 0.02. */
  maxRelativeLoss: number;
  /** The lift on which the state was decided, at a level that the treatments share (Bonferroni). */
  relative: Interval;
  /** By the interval: all of it within the limit, all of it beyond, or neither. */
  state: 'passed' | 'breached' | 'undecided';
}

export interface SegmentLift extends Difference {
  /** Over all values of the dimension and all arms, for this metric. */
  adjusted: { holm: number | null; benjaminiHochberg: number | null };
}

export interface Breakdown {
  dimension: string;
  rows: {
    value: string;
    arms: (ArmCounts & {
      armId: string;
      metrics: Record<string, Interval>;
      lift: Record<string, SegmentLift> | null;
    })[];
  }[];
}

/** What an interleaving shows. Shares are the treatment's: above one half it is preferred. */
export interface InterleavingReport {
  /** Of whose items how many were seen and clicked. */
  arms: { armId: string; impressions: number; clicks: number }[];
  users: number;
  /** Users who clicked more of treatment's items, of control's, of both the same. */
  wins: number;
  losses: number;
  ties: number;
  /** Of the clicks, clustered by user. */
  preference: ShareTest;
  /** Of the users' voices, a tie being half a voice to either. */
  userPreference: ShareTest;
  /** Of the users who preferred one (sign test): the figure that it is judged by. */
  sign: ShareTest;
  /** `sign` as it may be looked at every day. */
  sequence: ShareTest;
  /** With everything up to the end of each day. */
  days: { day: string; users: number; sign: ShareTest; sequence: ShareTest }[];
}

/** An order worth far more than the others of its experiment: a fault, a forgery, or somebody a shop should know. */
export interface OutlierOrder {
  orderId: string;
  userId: string;
  armId: string;
  /** ISO 8601. */
  at: string;
  valueMinor: number;
}

/** An arm's lift in one metric with everything up to the end of each day. */
export interface LiftSeries {
  metric: string;
  armId: string;
  points: { day: string; users: number; relative: Interval; p: number | null; sequence: Interval }[];
}

export interface ReportOptions {
  /** Confidence level of every interval. */
  level: number;
  /** Interval of the relative lift. */
  liftMethod: LiftMethod;
  /** Below this many users in any arm, the conclusion is that there is none. */
  minimumUsers: number;
  /** A click counts within this long after an exposure of its item to the user. */
  clickWindowHours: number;
  /** An order counts within this long after the last exposure. */
  orderWindowDays: number;
  /** Exposure of what: of any item to the user, which is what the experiment did to them, or of the ordered item. */
  orderAttribution: 'user' | 'item';
}

/** Everything that a report says, as `duet report --json` prints it. Times are ISO, days 'YYYY-MM-DD' in UTC. */
export interface Report {
  experiment: {
    id: string;
    name: string;
    status: ExperimentStatus;
    design: 'ab' | 'interleaving';
    primaryMetric: string;
    startedAt: string | null;
    stoppedAt: string | null;
    plannedEndAt: string | null;
    /** Its users are the simulator's. */
    simulated: boolean;
    /** All arms serve the same: any lift is noise, or a fault. */
    aa: boolean;
    decision: { arm: string | null; by: string; at: string; note: string } | null;
  };
  phase: number;
  phases: { phase: number; startedAt: string; endedAt: string | null }[];
  /** The part of the events that every figure is of; null for all of them. */
  segment: { dimension: string; value: string } | null;
  /** What there is to choose from. */
  segments: { dimension: string; values: string[] }[];
  madeAt: string;
  /** Events that had arrived by then are in; null while there is none. */
  through: string | null;
  /** ISO 4217; every minor unit here is of it. */
  currency: string;
  options: ReportOptions;
  metrics: ReportMetric[];
  arms: ArmReport[];
  /** When the champions that arms follow changed within the phase, and to which version. */
  championChanges: {
    armId: string;
    at: string;
    day: string;
    before: number | null;
    version: number | null;
    actor: string;
    reason: string;
  }[];
  /**
   * Users who saw more than one arm: in no other figure. null, as the next two, where an earlier phase has kept no
   * count.
   */
  usersInTwoArms: number | null;
  /** Bots and test users: in no other figure. */
  excludedUsers: number | null;
  /** Arrived later than the experiment waits: in no figure. */
  lateEvents: number | null;
  /** Orders that are worth far more than the others, the largest first; none of an earlier phase. */
  outliers: OutlierOrder[];
  srm: SplitCheck;
  horizon: Horizon;
  /** The day of the planned look. */
  plannedDay: string | null;
  basis: Basis;
  guardrails: Guardrail[];
  /** Where the design is interleaving; figures by arm are empty then, since every user sees both. */
  interleaving: InterleavingReport | null;
  /** Ascending by day, one per arm and day with events. `users` are those first exposed that day. */
  days: (ArmCounts & { day: string; armId: string; ctr: number | null })[];
  series: LiftSeries[];
  /** Empty where they were not asked for. */
  breakdowns: Breakdown[];
  /** What was found, in plain sentences. */
  finding: string;
  /** What else a reader has to know before acting on it, a sentence each. */
  caveats: string[];
  /** Finding and caveats in one. */
  conclusion: string;
}
