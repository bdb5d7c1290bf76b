import { formatMoney } from '@duet/experiments';
import {
  baselineOf,
  deltaRatio,
  type Estimate,
  type Interval,
  minimumDetectableEffect,
  momentsOf,
  relativeLift,
  welch,
} from '@duet/statistics';
import type { Deeds, Tally } from './tally.ts';

interface ArmFigures {
  users: number;
  impressions: number;
  clicks: number;
  gmvMinor: number;
  ctr: number | null;
  gmvPerUserMinor: number | null;
}

interface Difference extends Interval {
  /** Two-sided, of Welch's test. */
  p: number | null;
}

/** One line of the table: a day, or all of them. */
export interface OnlineRow {
  /** 'YYYY-MM-DD', or 'all'. */
  day: string;
  arms: ArmFigures[];
  /** treatment / control − 1, with 95 % limits. */
  ctrLift: Difference;
  gmvLift: Difference;
}

/** The paper's online table: CTR and GMV of both arms a day, and the lift. */
export interface OnlineTable {
  /** Names, control first. */
  arms: [string, string];
  /** ISO 4217. */
  currency: string;
  rows: OnlineRow[];
  /**
   * The relative lift that as many shoppers find four times in five; null where control has nothing to compare with.
   */
  detectable: { ctr: number | null; gmv: number | null };
}

/** @param arms control first */
export function onlineTable(
  tally: Tally,
  arms: readonly [{ id: string; name: string }, { id: string; name: string }],
  currency: string,
): OnlineTable {
  const row = (day: string, deedsOf: (armId: string) => Deeds[]): OnlineRow => {
    const deeds = arms.map(({ id }) => deedsOf(id));
    return {
      day,
      arms: deeds.map(figures),
      ctrLift: difference(deeds.map(ctrOf)),
      gmvLift: difference(deeds.map(gmvOf)),
    };
  };
  const [control, treatment] = arms.map(({ id }) => tally.inAll(id)) as [Deeds[], Deeds[]];
  const users = control.length + treatment.length;
  return {
    arms: [arms[0].name, arms[1].name],
    currency,
    detectable: { ctr: detectable(ctrOf(control), users), gmv: detectable(gmvOf(control), users) },
    rows: [
      ...tally.days.map((day) => row(day, (armId) => tally.onDay(armId, day))),
      row('all', (armId) => tally.inAll(armId)),
    ],
  };
}

function figures(deeds: readonly Deeds[]): ArmFigures {
  const sum = (key: keyof Deeds) => deeds.reduce((total, user) => total + user[key], 0);
  const [users, impressions, clicks, gmvMinor] = [deeds.length, sum('impressions'), sum('clicks'), sum('gmvMinor')];
  return {
    ...{ users, impressions, clicks, gmvMinor },
    ctr: impressions === 0 ? null : clicks / impressions,
    gmvPerUserMinor: users === 0 ? null : gmvMinor / users,
  };
}

/** A ratio of sums over shoppers, who were randomised and are therefore the unit. */
const ratio = (deeds: readonly Deeds[], over: keyof Deeds, under: (user: Deeds) => number): Estimate | undefined =>
  deeds.length < 2
    ? undefined
    : deltaRatio(
        momentsOf(
          deeds.map((user) => user[over]),
          deeds.map(under),
        ),
      );

const ctrOf = (deeds: readonly Deeds[]) => ratio(deeds, 'clicks', ({ impressions }) => impressions);
const gmvOf = (deeds: readonly Deeds[]) => ratio(deeds, 'gmvMinor', () => 1);

/** With 80 % power at a two-sided error of 5 %, two equal arms. */
const detectable = (control: Estimate | undefined, users: number): number | null =>
  control === undefined ? null : (minimumDetectableEffect({ baseline: baselineOf(control) }, users)?.relative ?? null);

function difference([control, treatment]: (Estimate | undefined)[]): Difference {
  if (!control || !treatment) return { value: null, low: null, high: null, p: null };
  return { ...relativeLift(control, treatment), p: welch(control, treatment).p };
}

const percent = (share: number | null, digits: number): string =>
  share === null ? '–' : `${(100 * share).toFixed(digits)} %`;
const signed = (share: number): string => `${share < 0 ? '−' : '+'}${Math.abs(100 * share).toFixed(1)}`;

function lift({ value, low, high }: Interval): string {
  if (value === null) return '–';
  return low === null || high === null ? `${signed(value)} %` : `${signed(value)} % [${signed(low)}, ${signed(high)}]`;
}

/** The table as Markdown. */
export function onlineMarkdown({ arms: [control, treatment], currency, rows }: OnlineTable): string {
  const money = (minor: number) => formatMoney(minor, currency);
  const heading = [
    ...['day', `users ${control}`, `users ${treatment}`],
    ...[`CTR ${control}`, `CTR ${treatment}`, 'lift [95 %]'],
    ...[`GMV ${control}`, `GMV ${treatment}`, 'lift a user [95 %]'],
  ];
  const lines = rows.map(({ day, arms, ctrLift, gmvLift }) => [
    ...[day === 'all' ? '**all**' : day, ...arms.map(({ users }) => String(users))],
    ...[...arms.map(({ ctr }) => percent(ctr, 2)), lift(ctrLift)],
    ...[...arms.map(({ gmvMinor }) => money(gmvMinor)), lift(gmvLift)],
  ]);
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(heading), line(['---', ...heading.slice(1).map(() => '---:')]), ...lines.map(line)].join('\n');
}
