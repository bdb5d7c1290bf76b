import { z } from 'zod';

/** Metrics of a model over one group of users, targets or items. Every metric is a mean over `users`. */
const groupMetrics = z.object({
  users: z.int(),
  targets: z.int(),
  metrics: z.record(z.string(), z.number()),
});

/** A full-corpus evaluation: every item that the user has not seen competes with the targets. */
export const evaluationSchema = z.object({
  split: z.string(),
  /** Whether what a user has had was left out of the ranking. */
  masked: z.boolean().default(true),
  users: z.int(),
  /** Users of the split, where it has more than were drawn. */
  drawnFrom: z.int().optional(),
  /** At 10, 20, 50 and 100: HR, Recall, NDCG, Coverage, ARP, Gini; and MRR. */
  metrics: z.record(z.string(), z.number()),
  /** The same over the users with a target in the category, and their targets in it; the largest category first. */
  byCategory: z.array(groupMetrics.extend({ category: z.string() })),
  /** Likewise by how often the target was seen in training. */
  byPopularity: z.array(groupMetrics.extend({ band: z.string() })),
  /** Over the users with so many distinct items in training. */
  byHistory: z.array(groupMetrics.extend({ band: z.string() })).default([]),
  /** Over the users whose later items include some that nobody had in training, and these items alone. */
  coldItems: groupMetrics.optional(),
  /** Over the users with too few training rows to be among the others: with less than five where time splits. */
  coldUsers: groupMetrics.optional(),
});
export type Evaluation = z.infer<typeof evaluationSchema>;
