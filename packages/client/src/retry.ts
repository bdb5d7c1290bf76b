import type { DuetClientError } from './error.ts';

/** How often and how patiently a call is tried again. */
export interface RetryPolicy {
  /** Attempts in all, the first included. */
  attempts: number;
  /** Upper bound of the first wait; doubled for each further attempt. */
  baseDelayMs: number;
  /** Upper bound of a wait that the server has not asked for. */
  maxDelayMs: number;
  /** In [0, 1): spreads the waits of many clients. */
  random: () => number;
}

export const defaultRetry: RetryPolicy = { attempts: 3, baseDelayMs: 50, maxDelayMs: 2_000, random: Math.random };

/**
 * Wait before attempt `attempt + 1` in ms: full jitter, uniform in [0, min(max, base × 2^(attempt − 1))).
 * Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
 */
export function fullJitter(attempt: number, policy: RetryPolicy): number {
  return policy.random() * Math.min(policy.maxDelayMs, policy.baseDelayMs * 2 ** Math.min(attempt - 1, 30));
}

/** Wait after a failed attempt in ms: what the server asked for with `Retry-After`, and the jitter beyond it. */
export const waitMs = (attempt: number, policy: RetryPolicy, error: DuetClientError): number =>
  (error.retryAfterMs ?? 0) + fullJitter(attempt, policy);

/** Waits, or until the signal is aborted. */
const wait = (ms: number, signal: AbortSignal | undefined) =>
  new Promise<void>((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done);
    if (signal?.aborted) done();
  });

/**
 * Runs an idempotent call, again while its failure is transient, attempts are left, and the wait ends before the
 * deadline: where the server asks for more time than there is, the call fails at once. `run` throws DuetClientErrors;
 * it is called at once, to say that it was given up, where the signal is aborted during a wait.
 *
 * @param deadline in ms of `performance.now()`
 */
export async function withRetry<T>(
  run: () => Promise<T>,
  policy: RetryPolicy,
  { deadline, signal }: { deadline: number; signal?: AbortSignal | undefined },
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await run();
    } catch (error) {
      if (attempt >= policy.attempts || !(error as DuetClientError).transient) throw error;
      const ms = waitMs(attempt, policy, error as DuetClientError);
      if (performance.now() + ms >= deadline) throw error;
      await wait(ms, signal);
    }
  }
}
