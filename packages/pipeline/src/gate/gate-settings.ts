import { DuetError } from '@duet/base';
import { z } from 'zod';

const fraction = z.number().min(0).max(1);

/** What a new version must show before it may serve. Every key has a default, so `{}` is sound. */
export const gateSettings = z.strictObject({
  /** The metric that champion and candidate are compared by, on the same users. */
  metric: z
    .enum(['HR@10', 'HR@20', 'HR@50', 'HR@100', 'MRR'])
    .default('HR@50')
    .describe('metric that the candidate is compared with the champion by'),
  /** The candidate may lie this much of the champion's value below it; the interval of the difference decides. */
  margin: fraction.default(0.05).describe('share of the value that the candidate may lose against the champion'),
  /** Recall@100 of the index against an exact scan, at least. */
  indexRecall: fraction.default(0.95).describe('recall@100 that its index must have'),
  /** Share of the catalogue that appears in the lists of the users who are judged, at least. */
  coverage: fraction.default(0.02).describe('share of the catalogue that its lists must show'),
  /** Share of the items that are shown which have a vector, at least. */
  withVector: fraction.default(0.9).describe('share of the shown items that must have a vector'),
  /** Interactions of the snapshot over those of the champion's, at least: data that vanished teach nothing. */
  dataVolume: z.number().min(0).default(0.8).describe('interactions against those that the champion saw'),
  /** Interactions of the last 7 days over those of the 7 days before, at least; 0 does not look. */
  lastWeek: z.number().min(0).default(0.2).describe('interactions of the last week against the week before'),
  /** Requests of the last hour that the candidate answers beside the champion, at most; 0 leaves it out. */
  shadow: z.int().min(0).max(2000).default(200).describe('requests of the last hour that it answers unseen, at most'),
  /** Mean share of a user's 20 items that the champion's list has too, at least. */
  overlap: fraction.default(0.05).describe("share of a user's first 20 items that the champion showed too"),
});
export type GateSettings = z.output<typeof gateSettings>;

/** @throws DuetError `bad-input` naming the setting */
export function parseGate(settings: unknown): GateSettings {
  const parsed = gateSettings.safeParse(settings ?? {});
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0]!;
  throw new DuetError('bad-input', `${message}.`, {
    where: { field: ['gate', ...path].join('.') },
    fix: `A gate has the settings ${Object.keys(gateSettings.shape).join(', ')}.`,
  });
}
