import { DuetError } from '@duet/config';
import { type Candidate, featureNames, featuresOf } from './features.ts';
import { fitLogistic } from './logistic.ts';
import { auc, ndcg, pairedDifference } from './metrics.ts';
import type { UserProfile } from './profile.ts';
import { type RankerParameters, rank } from './rank.ts';

/** Places of the list that are judged: what a page shows. */
const cutoff = 20;

/** One user's list from one model, with what the user then bought. */
export interface RankingList {
  modelId: string;
  user: number;
  profile: UserProfile;
  /** In retrieval order. */
  candidates: Candidate[];
  /** 1 where the user bought the candidate in the held-out part. */
  labels: Uint8Array;
  /** Items that the user bought in the held-out part, retrieved or not. */
  targets: number;
}

/** How a ranker orders the lists of one model, beside the retrieval's own order. */
export interface ModelMetrics {
  candidates: number;
  /** Candidates that were bought. */
  purchases: number;
  /** Area under the ROC curve within a list, meaned over the users who bought some of it. */
  auc: { retrieval: number; ranked: number };
  /** Means over users; the difference is paired, with its 95 % interval. */
  'NDCG@20': { retrieval: number; ranked: number; difference: { mean: number; low: number; high: number } };
}

/** @throws DuetError `bad-input` where no list, or every candidate, holds a purchase: there is nothing to learn */
export function fitRanker(lists: readonly RankingList[]): RankerParameters {
  const width = featureNames.length;
  const y = Uint8Array.from(lists.flatMap(({ labels }) => [...labels]));
  if (!y.includes(1) || !y.includes(0)) {
    throw new DuetError(
      'bad-input',
      'None of the retrieved candidates was bought: a ranker has nothing to learn from.',
      {
        fix: 'Train the models longer, or on more data.',
      },
    );
  }
  const x = new Float64Array(y.length * width);
  let row = 0;
  for (const { candidates, profile } of lists) {
    x.set(featuresOf(candidates, profile), row * width);
    row += candidates.length;
  }
  const standard = featureNames.map((_, f) => standardise(x, width, f));
  const weights = fitLogistic({ x, y, width });
  return {
    version: 1,
    intercept: weights[width]!,
    features: featureNames.map((name, f) => ({ name, ...standard[f]!, weight: weights[f]! })),
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
  let purchases = 0;
  for (const list of lists) {
    const order = rank(list.candidates, list.profile, parameters);
    const labels = order.map(({ retrievalRank }) => list.labels[retrievalRank - 1]!);
    const bought = labels.filter((label) => label === 1).length;
    candidates += labels.length;
    purchases += bought;
    before.push(ndcg([...list.labels], cutoff, list.targets));
    after.push(ndcg(labels, cutoff, list.targets));
    if (bought === 0 || bought === labels.length) continue;
    const byRetrieval = order.map(({ retrievalRank }) => -retrievalRank);
    const byRanker = order.map(({ score }) => score);
    areas.push({ retrieval: auc(byRetrieval, labels), ranked: auc(byRanker, labels) });
  }
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  return {
    candidates,
    purchases,
    auc: { retrieval: mean(areas.map((area) => area.retrieval)), ranked: mean(areas.map((area) => area.ranked)) },
    'NDCG@20': {
      retrieval: mean(before),
      ranked: mean(after),
      difference: pairedDifference(after.map((value, i) => value - before[i]!)),
    },
  };
}
