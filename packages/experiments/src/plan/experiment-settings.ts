import { DuetError } from '@duet/base';
import { z } from 'zod';

const fraction = z.number().min(0).max(1);
const text = (max: number) => z.string().trim().min(1).max(max);
const userId = z.string().min(1).max(200);

/** What a stop rule does when it applies: say so on the experiment's page and in its audit log, or stop it too. */
const ruleAction = z.enum(['warn', 'stop']);

/** Everything that an experiment fixes beside its arms and shares. Every key has a default, so `{}` is sound. */
export const experimentSettings = z.strictObject({
  /** What is expected, written down before the first figure. */
  hypothesis: z.string().trim().max(2000).default(''),
  /** What is dealt out to arms. */
  unit: z.literal('user').default('user'),
  attribution: z
    .strictObject({
      /** A click counts within this long after an exposure of its item to the user. */
      clickWindowHours: z
        .number()
        .positive()
        .max(24 * 30)
        .default(24),
      /** An order line counts within this long after an exposure. */
      orderWindowDays: z.number().positive().max(60).default(7),
      /** Exposure of what: of any item to the user, or of the ordered item. */
      orderAttribution: z.enum(['user', 'item']).default('user'),
      /** The windows run from the last exposure up to the event, or from the first. */
      touch: z.enum(['last', 'first']).default('last'),
      /** Whoever sends more events than this on one UTC day is a machine, and left out. */
      maxEventsPerDay: z.int().positive().default(5000),
      /** An event that arrives later than this after it occurred is left out. */
      lateHours: z
        .number()
        .positive()
        .max(24 * 90)
        .default(48),
    })
    .prefault({}),
  /** A user's GMV is capped at this quantile of the shop's history; null caps nothing. */
  gmvCapQuantile: z.number().gt(0.5).lt(1).nullable().default(0.999),
  /** The cap in minor units, fixed at the start from {@link gmvCapQuantile} and history. */
  gmvCapMinor: z.int().positive().nullable().default(null),
  /** A metric that no arm may lower by more than `maxRelativeLoss` (0.02 is 2 %). */
  guardrails: z
    .array(z.strictObject({ metric: text(100), maxRelativeLoss: fraction }))
    .max(20)
    .default([]),
  plannedDays: z.int().min(1).max(365).default(14),
  /** Below this many users in an arm nothing is concluded. */
  minimumUsers: z.int().min(2).default(100),
  /** Who is in it: every line must hold. Values come from the request's context, else from the user's own data. */
  targeting: z
    .array(z.strictObject({ attribute: text(100), in: z.array(text(200)).min(1).max(1000) }))
    .max(20)
    .default([]),
  /** For QA: users who see this arm whatever they hash to, and do not count. */
  overrides: z.record(userId, text(200)).default({}),
  /** Users who do not count: test accounts, known bots. */
  excludedUsers: z.array(userId).max(100_000).default([]),
  stopRules: z
    .strictObject({
      /** A guardrail's whole interval lies beyond its limit. */
      guardrail: ruleAction.default('stop'),
      /** The users did not split as planned. */
      srm: ruleAction.default('warn'),
      /** The planned days are over. */
      plannedEnd: ruleAction.default('warn'),
    })
    .prefault({}),
  /** Error rate of every interval and test: 0.05 gives 95 % intervals. */
  alpha: z.number().gt(0).lt(0.5).default(0.05),
  /** Judge by always-valid confidence sequences, so that it may be looked at, and stopped, at any time. */
  sequential: z.boolean().default(true),
  /** Share of the answers with a randomised order, logged with their propensity for off-policy estimates. */
  exploration: z.number().min(0).max(0.5).default(0),
  /** Share of its layer's users that the experiment holds while it runs. */
  layerShare: z.number().gt(0).max(1).default(1),
});

export type ExperimentSettings = z.output<typeof experimentSettings>;

/**
 * An experiment's settings as stored, or as somebody asks for them.
 *
 * @throws DuetError `bad-input` naming the setting
 */
export function parseSettings(settings: unknown): ExperimentSettings {
  const parsed = experimentSettings.safeParse(settings);
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0]!;
  throw new DuetError('bad-input', `${message}.`, { where: { field: ['settings', ...path].join('.') } });
}

/** Users whose events an experiment leaves out, and counts: those excluded, and those who were put into an arm. */
export const uncountedUsers = ({ excludedUsers, overrides }: ExperimentSettings): Set<string> =>
  new Set([...excludedUsers, ...Object.keys(overrides)]);

/** What the ranking does otherwise in an arm; the experiment's own ranker and defaults where a key is missing. */
export const armSettings = z.strictObject({
  rankerId: z.guid().optional(),
  /** Exponent of an item's value in pCTR × value^α. */
  alpha: z.number().min(0).max(2).optional(),
  /** Strength of diversification, 0 (none) to 1. */
  diversity: fraction.optional(),
  /** Impressions without a click after which an item's score is halved; 0: never. The dataset's where it is missing. */
  demoteAfter: z.int().min(0).max(1_000).optional(),
});
