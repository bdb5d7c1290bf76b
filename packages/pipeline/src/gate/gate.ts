import { seededRng } from '@duet/random';
import { pairedBootstrap } from '@duet/statistics';
import type { Judged } from '@duet/trainer';
import { userMetrics } from '@duet/trainer';
import type { GateSettings } from './gate-settings.ts';

/** One thing that a version must show, and what it showed. */
export interface GateCheck {
  name: string;
  passed: boolean;
  value: number | null;
  limit: number | null;
  sentence: string;
}

export interface Gate {
  passed: boolean;
  checks: GateCheck[];
}

/** Everything that the checks look at. */
export interface GateFacts {
  settings: GateSettings;
  /** The candidate, trained on the split and judged on the rest of it. */
  candidate: Pick<Judged, 'rankings'>;
  /** The champion's twin that was trained on the split too, judged on the same users; undefined without a champion. */
  champion: Pick<Judged, 'rankings'> | undefined;
  /** Recall@100 of the candidate's index. */
  indexRecall: number;
  /** Items that are shown now, and how many of them have a vector. */
  shownItems: number;
  itemsWithVector: number;
  /** Interactions that the candidate saw, and those that the champion had seen; undefined without a champion. */
  interactions: { candidate: number; champion: number | undefined };
  /** Interactions of the data's last seven days, and of the seven before; undefined without times. */
  weeks: { last: number; before: number } | undefined;
}

type Rankings = Judged['rankings'];

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;

/** A metric of each judged user, in the order of the rankings. */
function perUser({ user, start, rank }: Rankings, metric: string): Float64Array {
  return Float64Array.from(user, (_, u) => userMetrics(rank.subarray(start[u]!, start[u + 1]!))[metric]!);
}

/** User rows that both judged, as places in either. */
function shared(a: Rankings, b: Rankings): [number, number][] {
  const place = new Map(Array.from(b.user, (row, at) => [row, at] as const));
  return Array.from(a.user).flatMap((row, at): [number, number][] => {
    const other = place.get(row);
    return other === undefined ? [] : [[at, other]];
  });
}

/** The first `k` items of the n-th judged user's list. */
const listOf = ({ list, user }: Rankings, n: number, k: number) => {
  const length = list.length / user.length;
  return list.subarray(n * length, n * length + Math.min(k, length)).filter((item) => item >= 0);
};

/** Not worse than the champion by more than the margin: one-sided, with 95 % confidence, on the same users. */
function againstChampion({ candidate, champion, settings }: GateFacts): GateCheck | undefined {
  if (champion === undefined) return undefined;
  const { metric, margin } = settings;
  const pairs = shared(candidate.rankings, champion.rankings);
  const [mine, theirs] = [perUser(candidate.rankings, metric), perUser(champion.rankings, metric)];
  const a = pairs.map(([at]) => mine[at]!);
  const b = pairs.map(([, at]) => theirs[at]!);
  const mean = b.reduce((sum, x) => sum + x, 0) / b.length;
  const { value, low } = pairedBootstrap(a, b, { rng: seededRng(pairs.length), level: 0.9 });
  const limit = -margin * mean;
  const passed = low >= limit;
  const figures = `${metric} ${(mean + value).toFixed(4)} against the champion's ${mean.toFixed(4)} on the same ${pairs.length} users`;
  return {
    ...{ name: 'champion', passed, value: low, limit },
    sentence: passed
      ? `${figures}: at most ${percent(margin)} of it is lost.`
      : `${figures}: it may have lost more than ${percent(margin)} of it (the difference is at least ${low.toFixed(4)}).`,
  };
}

function indexRecall({ indexRecall: value, settings: { indexRecall: limit } }: GateFacts): GateCheck {
  const passed = value >= limit;
  return {
    ...{ name: 'index-recall', passed, value, limit },
    sentence: `The index finds ${percent(value)} of the exact first hundred${passed ? '' : `, and must find ${percent(limit)}`}.`,
  };
}

function coverage({ candidate: { rankings }, shownItems, settings: { coverage: limit } }: GateFacts): GateCheck {
  const shown = new Set<number>();
  for (let n = 0; n < rankings.user.length; n++) for (const item of listOf(rankings, n, 20)) shown.add(item);
  const value = shownItems === 0 ? 0 : shown.size / shownItems;
  const passed = value >= limit;
  return {
    ...{ name: 'coverage', passed, value, limit },
    sentence: `${percent(value)} of the catalogue is among somebody's first 20${passed ? '' : `: fewer than ${percent(limit)}`}.`,
  };
}

function withVector({ shownItems, itemsWithVector, settings: { withVector: limit } }: GateFacts): GateCheck {
  const value = shownItems === 0 ? 0 : itemsWithVector / shownItems;
  const passed = value >= limit;
  return {
    ...{ name: 'with-vector', passed, value, limit },
    sentence: `${itemsWithVector} of ${shownItems} shown items have a vector${passed ? '' : `: fewer than ${percent(limit)}`}.`,
  };
}

function dataVolume({ interactions, settings: { dataVolume: limit } }: GateFacts): GateCheck | undefined {
  const { candidate, champion } = interactions;
  if (champion === undefined || champion === 0) return undefined;
  const value = candidate / champion;
  const passed = value >= limit;
  return {
    ...{ name: 'data-volume', passed, value, limit },
    sentence: `It saw ${candidate} interactions, the champion ${champion}${passed ? '' : ': data seem to be missing'}.`,
  };
}

function lastWeek({ weeks, settings: { lastWeek: limit } }: GateFacts): GateCheck | undefined {
  if (weeks === undefined || weeks.before === 0 || limit === 0) return undefined;
  const value = weeks.last / weeks.before;
  const passed = value >= limit;
  return {
    ...{ name: 'last-week', passed, value, limit },
    sentence: `The last seven days of the data have ${weeks.last} interactions, the seven before ${weeks.before}${passed ? '' : ': the newest seem to be missing'}.`,
  };
}

function overlap({ candidate, champion, settings: { overlap: limit } }: GateFacts): GateCheck | undefined {
  if (champion === undefined) return undefined;
  const pairs = shared(candidate.rankings, champion.rankings);
  let sum = 0;
  for (const [mine, theirs] of pairs) {
    const before = new Set(listOf(champion.rankings, theirs, 20));
    const now = listOf(candidate.rankings, mine, 20);
    sum += now.length === 0 ? 0 : now.filter((item) => before.has(item)).length / now.length;
  }
  const value = pairs.length === 0 ? 0 : sum / pairs.length;
  const passed = value >= limit;
  return {
    ...{ name: 'overlap', passed, value, limit },
    sentence: `${percent(value)} of a user's first 20 were in the champion's 20 too${passed ? '' : ': the lists have little in common'}.`,
  };
}

/** Every check of a gate, in the order in which they are told. A new one is a function and a line here. */
const checks: ((facts: GateFacts) => GateCheck | undefined)[] = [
  againstChampion,
  indexRecall,
  coverage,
  withVector,
  dataVolume,
  lastWeek,
  overlap,
];

/** Judges a candidate. What cannot be checked, for there is no champion or there are no times, is left out. */
export function judgeGate(facts: GateFacts): Gate {
  const results = checks.flatMap((check) => check(facts) ?? []);
  return { passed: results.every(({ passed }) => passed), checks: results };
}
