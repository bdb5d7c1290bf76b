import type { HealthState } from '@duet/db';
import type { HealthFacts } from './facts.ts';

/** What a check found. */
export interface CheckResult {
  state: HealthState;
  /** What was measured; null where there was nothing to measure. */
  value: number | null;
  /** What is so. */
  sentence: string;
  /** What to do where it is not well; empty where it is. */
  remedy: string;
}

/** One question about a dataset, answered by what is known of it. */
export interface Check {
  name: string;
  look(facts: HealthFacts): CheckResult;
}

export const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

export const nothingYet = (sentence: string): CheckResult => ({ state: 'ok', value: null, sentence, remedy: '' });

/**
 * The state of a figure by its limits.
 *
 * @param limits `warn` and `fail` lie on the same side of what is well: above it where `fail` is the greater
 */
export function judged(
  value: number,
  limits: { warn: number; fail: number },
  sentence: string,
  remedy: string,
): CheckResult {
  const isBeyond = (limit: number) => (limits.fail >= limits.warn ? value > limit : value < limit);
  const state = isBeyond(limits.fail) ? 'fail' : isBeyond(limits.warn) ? 'warn' : 'ok';
  return { state, value, sentence, remedy: state === 'ok' ? '' : remedy };
}
