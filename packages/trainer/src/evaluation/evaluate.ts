import type { UserEncoder } from '@duet/artifact';
import { distinctItems, type Histories } from '@duet/artifact/inputs';
import type { Catalogue } from '@duet/datasets';
import { type Executor, popularityScores } from '@duet/models';
import type { DrawnSplit } from './draw-users.ts';
import type { Evaluation } from './evaluation.ts';
import { listMetrics, MeanMetrics } from './metrics.ts';
import { type Rankings, type RankOptions, rankAll } from './rankings.ts';
import { encoderScorer, type Scorer } from './scorer.ts';

/** An evaluation, and what it was computed from. */
export interface Judged {
  evaluation: Evaluation;
  rankings: Rankings;
  /** Users that had each item in training [items]. */
  popularity: Float32Array;
}

export interface EvaluateInput {
  split: DrawnSplit;
  catalogue: Pick<Catalogue, 'ids' | 'category' | 'categories'>;
  /** Each user's distinct items in training, by user row. */
  lists: readonly Int32Array[];
  score: Scorer;
  /** Whether what a user has had is left out of the ranking (default). */
  mask?: boolean | undefined;
  /** Called with the users that are ranked for, after each block of them. */
  onUsers?: RankOptions['onUsers'];
  signal?: AbortSignal | undefined;
}

interface Bands {
  names: string[];
  of: Int32Array;
}

/** Bands of items by users that had them in training: those with none, then the head, the middle and the tail. */
export function popularityBands(popularity: ArrayLike<number>): Bands {
  const names = ['top 10 %', 'next 40 %', 'lower half', 'not in training'];
  const sold = Array.from({ length: popularity.length }, (_, item) => item)
    .filter((item) => popularity[item]! > 0)
    .sort((a, b) => popularity[b]! - popularity[a]! || a - b);
  const of = new Int32Array(popularity.length).fill(3);
  sold.forEach((item, place) => {
    of[item] = place < sold.length * 0.1 ? 0 : place < sold.length * 0.5 ? 1 : 2;
  });
  return { names, of };
}

/** Bands of users by distinct items in training, so that the coldest are seen apart. */
export function historyBands(lists: readonly Int32Array[]): Bands {
  const from = [0, 1, 3, 5, 10, 20, 50];
  const names = from.map((low, i) => {
    const high = (from[i + 1] ?? Infinity) - 1;
    return high === Infinity ? `${low} or more` : high === low ? String(low) : `${low}–${high}`;
  });
  return { names, of: Int32Array.from(lists, ({ length }) => from.findLastIndex((low) => length >= low)) };
}

/**
 * Ranks the whole catalogue for every user of the split and averages the metrics, overall and by group.
 *
 * @throws DuetError `bad-input` where a score is not a number; the signal's reason
 */
export async function evaluate({
  split,
  catalogue,
  lists,
  score,
  mask = true,
  ...watched
}: EvaluateInput): Promise<Judged> {
  const items = catalogue.ids.length;
  const popularity = popularityScores(lists, items);
  const rankings = await rankAll(split.evaluations, items, score, { mask, ...watched });
  const { user, start, item, rank } = rankings;
  const overall = new MeanMetrics();
  const bands = popularityBands(popularity);
  const histories = historyBands(lists);
  const meansOf = (names: string[]) => names.map(() => new MeanMetrics());
  const byCategory = meansOf(catalogue.categories);
  const byBand = meansOf(bands.names);
  const byHistory = meansOf(histories.names);
  user.forEach((row, u) => {
    const ranks = rank.subarray(start[u]!, start[u + 1]!);
    overall.add(ranks);
    byHistory[histories.of[row]!]!.add(ranks);
    for (const [means, groupOf] of [
      [byCategory, catalogue.category],
      [byBand, bands.of],
    ] as const) {
      const grouped = Map.groupBy(ranks.keys(), (i) => groupOf[item[start[u]! + i]!]!);
      for (const [group, places] of grouped) means[group]?.add(places.map((i) => ranks[i]!));
    }
  });
  const cold: Pick<Evaluation, 'coldItems' | 'coldUsers'> = {};
  for (const part of ['coldItems', 'coldUsers'] as const) {
    const evaluations = split[part] ?? [];
    if (evaluations.length === 0) continue;
    const found = await rankAll(evaluations, items, score, { mask, signal: watched.signal });
    const means = new MeanMetrics();
    found.user.forEach((_, u) => {
      means.add(found.rank.subarray(found.start[u]!, found.start[u + 1]!));
    });
    cold[part] = means.result();
  }
  const bandsOf = ({ names }: Bands, means: MeanMetrics[]) =>
    names.map((band, i) => ({ band, ...means[i]!.result() })).filter(({ users }) => users > 0);
  const evaluation = {
    split: split.name,
    masked: mask,
    users: overall.users,
    ...(split.drawnFrom !== undefined && { drawnFrom: split.drawnFrom }),
    metrics: { ...overall.result().metrics, ...listMetrics(rankings, popularity) },
    byCategory: catalogue.categories
      .map((category, i) => ({ category, ...byCategory[i]!.result() }))
      .filter(({ users }) => users > 0),
    byPopularity: bandsOf(bands, byBand),
    byHistory: bandsOf(histories, byHistory),
    ...cold,
  };
  return { evaluation, rankings, popularity };
}

export interface VectorsToJudge extends Pick<EvaluateInput, 'onUsers' | 'signal'> {
  encoder: UserEncoder;
  /** p_v of every item [items, dims]. */
  items: Float32Array;
  /** What each user had before the targets, and whose users make an item popular. */
  histories: Histories;
  split: DrawnSplit;
  catalogue: Catalogue;
}

/** Ranks the catalogue for every user of a split. */
export async function evaluateVectors(executor: Executor, judged: VectorsToJudge): Promise<Judged> {
  const { encoder, items, histories, ...input } = judged;
  await using score = await encoderScorer(executor, encoder, items, histories);
  return evaluate({ ...input, lists: distinctItems(histories), score });
}
