import { DuetError } from '@duet/base';
import { featureNames, featuresOf } from './candidate-features.ts';
import type { Candidates } from './candidates.ts';
import { auc, ndcg, pairedDifference } from './list-quality.ts';
import { fitLogistic } from './logistic.ts';
import type { UserProfile } from './profile.ts';
import { type RankerParameters, rank } from './rank.ts';

/** Places of the list that are judged: what a page shows. */
const cutoff = 20;

/** One user's list from one model, with what the user then took of it. */
export interface RankingList {
  modelId: string;
  user: string;
  profile: UserProfile;
  /** In retrieval order. */
  candidates: Candidates;
  /** 1 where the user took the candidate: bought it in the held-out part, or clicked on it. */
  labels: Uint8Array;
  /** Items that the user took, retrieved or not. */
  targets: number;
  /** Where clicks are the labels: the 0-based place that each candidate was shown at, −1 where it was not. */
  shown?: Int32Array;
}

/** How a ranker orders the lists of one model, beside the retrieval's own order. */
export interface ModelMetrics {
  candidates: number;
  /** Candidates that were taken. */
  taken: number;
  /** Area under the ROC curve within a list, meaned over the lists that something was taken of. */
  auc: { retrieval: number; ranked: number };
  /** Means over lists; the difference is paired, with its 95 % interval. */
  'NDCG@20': { retrieval: number; ranked: number; difference: { mean: number; low: number; high: number } };
}

/**
 * Fits the ranker. Of clicks, only what was shown teaches, and the place it was shown at is a feature of its own, so
 * that a click at the top counts as less of a proof (as in the position features of T. Zhao et al., RecSys 2019,
 * "Recommending what video to watch next", §4.3, in its simplest form).
 *
 * @throws DuetError `bad-input` where nothing, or everything, was taken: there is nothing to learn
 */
export function fitRanker(lists: readonly RankingList[], target: RankerParameters['target']): RankerParameters {
  const featureCount = featureNames.length;
  const width = target === 'click' ? featureCount + 1 : featureCount;
  const y: number[] = [];
  const rows: Float64Array[] = [];
  for (const { candidates, profile, labels, shown } of lists) {
    const features = featuresOf(candidates, profile);
    for (let i = 0; i < candidates.length; i++) {
      const place = shown?.[i];
      if (target === 'click' && !(place! >= 0)) continue;
      const row = new Float64Array(width);
      row.set(features.subarray(i * featureCount, (i + 1) * featureCount));
      if (target === 'click') row[featureCount] = Math.log1p(place!);
      rows.push(row);
      y.push(labels[i]!);
    }
  }
  if (!y.includes(1) || !y.includes(0)) {
    const [what, fix] =
      target === 'click'
        ? [
            'shown items was clicked on',
            'Log more impressions and clicks, with their request ids, or learn from purchases.',
          ]
        : ['retrieved candidates was bought', 'Train the models longer, or on more data.'];
    throw new DuetError('bad-input', `None of the ${what}: a ranker has nothing to learn from.`, { fix });
  }
  const x = new Float64Array(y.length * width);
  for (const [i, row] of rows.entries()) x.set(row, i * width);
  const standard = Array.from({ length: width }, (_, f) => standardise(x, width, f));
  const weights = fitLogistic({ x, y: Uint8Array.from(y), width });
  const feature = (f: number) => ({ ...standard[f]!, weight: weights[f]! });
  return {
    version: 2,
    target,
    intercept: weights[width]!,
    features: featureNames.map((name, f) => ({ name, ...feature(f) })),
    ...(target === 'click' && { position: feature(featureCount) }),
  };
}

/** Shifts and scales one column to mean 0 and deviation 1, in place; what is missing becomes the mean. */
function standardise(x: Float64Array, width: number, column: number): { mean: number; scale: number } {
  let n = 0;
  let sum = 0;
  let squares = 0;
  for (let at = column; at < x.length; at += width) {
    if (Number.isNaN(x[at]!)) continue;
    n += 1;
    sum += x[at]!;
    squares += x[at]! ** 2;
  }
  const mean = n === 0 ? 0 : sum / n;
  const scale = Math.sqrt(Math.max(0, squares / (n || 1) - mean * mean)) || 1;
  for (let at = column; at < x.length; at += width) x[at] = Number.isNaN(x[at]!) ? 0 : (x[at]! - mean) / scale;
  return { mean, scale };
}

/** Orders each list by the ranker, and says how much better or worse that is than the order it was retrieved in. */
export function measureRanker(lists: readonly RankingList[], parameters: RankerParameters): ModelMetrics {
  const areas: { retrieval: number; ranked: number }[] = [];
  const before: number[] = [];
  const after: number[] = [];
  let candidates = 0;
  let taken = 0;
  for (const list of lists) {
    const { order: all, score } = rank(list.candidates, list.profile, parameters);
    const order = Array.from(all.filter((place) => !list.shown || list.shown[place]! >= 0));
    const label = (place: number) => list.labels[place]!;
    const labels = order.map(label);
    const positives = labels.filter((one) => one === 1).length;
    candidates += labels.length;
    taken += positives;
    const retrieved = order.toSorted((a, b) => a - b).map(label);
    before.push(ndcg(retrieved, cutoff, list.targets));
    after.push(ndcg(labels, cutoff, list.targets));
    if (positives === 0 || positives === labels.length) continue;
    const byRetrieval = order.map((place) => -place);
    const byRanker = order.map((place) => score[place]!);
    areas.push({ retrieval: auc(byRetrieval, labels), ranked: auc(byRanker, labels) });
  }
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  return {
    candidates,
    taken,
    auc: { retrieval: mean(areas.map((area) => area.retrieval)), ranked: mean(areas.map((area) => area.ranked)) },
    'NDCG@20': {
      retrieval: mean(before),
      ranked: mean(after),
      difference: pairedDifference(after.map((value, i) => value - before[i]!)),
    },
  };
}
