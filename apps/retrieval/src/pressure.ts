/** Why a request is not taken, or undefined. */
export type Refusal = 'in-flight' | 'event-loop' | undefined;

export interface Pressure extends Disposable {
  /** Requests whose work is not done, the ones that were told they are late included. */
  readonly inFlight: number;
  /** How late timers have run lately, in ms. */
  readonly lagMs: number;
  /** Whether the next request must be told to come back. */
  refusal(): Refusal;
  /** Counts one request. Call the result once its work is done. */
  begin(): () => void;
}

/** Mean lag past which answers come so late that fewer requests are the only help. */
const maxLagMs = 500;
const sampleMs = 100;
/** One long pause, as when a model of a million items is opened, must not turn requests away: only a lasting one. */
const weight = 0.2;

/**
 * Backpressure: a queue that only grows makes every answer late, so past a limit a request is refused at once.
 * @param maxInFlight requests worked on at once
 */
export function watchPressure(maxInFlight: number): Pressure {
  let inFlight = 0;
  let lagMs = 0;
  let expected = performance.now() + sampleMs;
  const timer = setInterval(() => {
    const now = performance.now();
    lagMs += weight * (Math.max(0, now - expected) - lagMs);
    expected = now + sampleMs;
  }, sampleMs);
  timer.unref();
  return {
    get inFlight() {
      return inFlight;
    },
    get lagMs() {
      return lagMs;
    },
    refusal: () => (inFlight >= maxInFlight ? 'in-flight' : lagMs > maxLagMs ? 'event-loop' : undefined),
    begin() {
      inFlight += 1;
      return () => {
        inFlight -= 1;
      };
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}
