import { z } from 'zod';

const metrics = z.record(z.string(), z.number());
const group = { users: z.number(), targets: z.number().optional(), metrics };

const evaluation = z.object({
  users: z.number(),
  metrics,
  byCategory: z.array(z.object({ category: z.string(), ...group })).default([]),
  byPopularity: z.array(z.object({ band: z.string(), ...group })).default([]),
});

export type StoredEvaluation = z.infer<typeof evaluation> & { split: string };

/** The evaluations in a Model row's `metrics`, one a split. What is not an evaluation is left out. */
export const readEvaluations = (stored: unknown): StoredEvaluation[] =>
  Object.entries((stored ?? {}) as Record<string, unknown>).flatMap(([split, value]) => {
    const parsed = evaluation.safeParse(value);
    return parsed.success ? [{ split, ...parsed.data }] : [];
  });

const point = z.object({
  epoch: z.number(),
  step: z.number(),
  seconds: z.number().optional(),
  loss: metrics.default({}),
  validation: metrics.default({}),
});

export type CurvePoint = z.infer<typeof point>;

/** The points in a TrainingRun row's `curve`, one an epoch. */
export const readCurve = (stored: unknown): CurvePoint[] =>
  (Array.isArray(stored) ? stored : []).flatMap((value) => point.safeParse(value).data ?? []);

const indexPoint = z.object({
  nprobe: z.number().nullable(),
  recall: z.number(),
  p50Us: z.number(),
  p99Us: z.number(),
});

export type IndexPoint = z.infer<typeof indexPoint>;

/** The points in an Index row's `curve`, one an nprobe. */
export const readIndexCurve = (stored: unknown): IndexPoint[] =>
  (Array.isArray(stored) ? stored : []).flatMap((value) => indexPoint.safeParse(value).data ?? []);

const indexCandidate = z.object({
  factory: z.string(),
  recallAt100: z.number(),
  p50Us: z.number(),
  p99Us: z.number(),
  nprobe: z.number().optional(),
  bytesPerVector: z.number(),
  buildMs: z.number(),
});

export type IndexCandidate = z.infer<typeof indexCandidate>;

/** The factories in an Index row's `candidates`: all that were measured before one was chosen. */
export const readIndexCandidates = (stored: unknown): IndexCandidate[] =>
  (Array.isArray(stored) ? stored : []).flatMap((value) => indexCandidate.safeParse(value).data ?? []);

/** The metrics that models are compared by, and what each says in one sentence. */
export const comparedMetrics = [
  {
    name: 'HR@50',
    meaning: 'Hit rate: share of test shoppers who later bought at least one of the 50 items retrieved for them.',
  },
  { name: 'HR@10', meaning: 'The same with 10 items retrieved, as most published tables have it.' },
  { name: 'HR@100', meaning: 'The same with 100 items retrieved, the number that a ranker is given.' },
  {
    name: 'Recall@50',
    meaning:
      'Share of what a shopper later bought that is among the 50 items: hits divided by the smaller of 50 and the number bought, averaged over shoppers.',
  },
  {
    name: 'NDCG@50',
    meaning: 'Like recall, but a hit near the top counts for more; 1 would be every later purchase at the very top.',
  },
  { name: 'NDCG@10', meaning: 'The same over the first 10 items, as most published tables have it.' },
  { name: 'MRR', meaning: 'Mean of 1 ÷ rank of the first hit, over the whole catalogue.' },
] as const;

/** What a split's name means: which purchases were held out. */
export function splitMeaning(split: string): string {
  if (split === 'leave-last-out') return 'each shopper’s last purchase was held out';
  const trainingShare = /^time:(0?\.\d+)$/.exec(split)?.[1];
  if (trainingShare !== undefined) {
    return `the last ${Math.round((1 - Number(trainingShare)) * 100)}% of the purchases, by time, were held out; only items that are new to the shopper count`;
  }
  return 'held out by this rule';
}
