/** Why a request is not taken, or undefined. */
export type Refusal = 'in-flight' | 'waiting' | undefined;

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

/** A request that has waited for longer than this is refused, where waiting has lasted. */
const mostWaitMs = 50;
/** Waiting that is over sooner is a burst, or the opening of a model, and turns nobody away. */
const burstMs = 500;
/** Work is judged over windows of this length. */
const windowMs = 100;
/** Windows of which the quickest request is what one takes that waits for nothing: a minute. */
const rememberedWindows = 600;
/** So few at once are always worked on: of these it is the machine that is slow, and not the queue that is long. */
const fewest = 16;
/** A request that takes this many times as long has waited for others. */
const slowdown = 4;

const sampleMs = 100;
const weight = 0.2;

/**
 * Backpressure by waiting time, after CoDel (Nichols and Jacobson, ACM Queue 10(5), 2012): a queue that never runs
 * empty makes every answer late and none more, so past a wait a request is refused at once, while it is cheap.
 *
 * Requests wait in two places. In the event loop they wait for those before them in the same turn: what is read late in
 * a turn has waited since its beginning. In work under way (searches in threads) they wait for each other: where the
 * quickest of a window took far longer than the quickest of the last minute, fewer are taken at once.
 *
 * @param maxInFlight requests worked on at once, however quick they are
 */
export function watchPressure(maxInFlight: number, now: () => number = () => performance.now()): Pressure {
  let inFlight = 0;
  let limit = maxInFlight;
  let lagMs = 0;
  let expected = now() + sampleMs;
  const lag = setInterval(() => {
    const at = now();
    lagMs += weight * (Math.max(0, at - expected) - lagMs);
    expected = at + sampleMs;
  }, sampleMs);
  lag.unref();

  /** When the turn of the event loop began that the requests now come in. */
  let turn: number | undefined;
  /** Since when each turn has been longer than a request may wait. */
  let longSince: number | undefined;
  const endTurn = () => {
    const at = now();
    if (at - turn! <= mostWaitMs) longSince = undefined;
    else longSince ??= at;
    turn = undefined;
  };

  const quickest: number[] = [];
  let quickestMs = Infinity;
  let windowEnds = now() + windowMs;
  const endWindow = (at: number) => {
    windowEnds = at + windowMs;
    if (quickestMs === Infinity) return;
    const alone = Math.min(quickestMs, ...quickest);
    // Halved at once, raised little by little: as TCP shares a line.
    const queued = quickestMs > Math.max(mostWaitMs, slowdown * alone);
    limit = queued
      ? Math.max(Math.min(fewest, maxInFlight), Math.floor(Math.min(limit, inFlight) / 2))
      : Math.min(maxInFlight, limit + 1 + (limit >> 3));
    quickest.push(quickestMs);
    if (quickest.length > rememberedWindows) quickest.shift();
    quickestMs = Infinity;
  };

  return {
    get inFlight() {
      return inFlight;
    },
    get lagMs() {
      return lagMs;
    },
    refusal() {
      const at = now();
      if (turn === undefined) {
        turn = at;
        setImmediate(endTurn);
      }
      if (inFlight >= limit) return 'in-flight';
      const lasts = longSince !== undefined && at - longSince > burstMs;
      return lasts && at - turn > mostWaitMs ? 'waiting' : undefined;
    },
    begin() {
      inFlight += 1;
      const began = now();
      return () => {
        inFlight -= 1;
        const at = now();
        quickestMs = Math.min(quickestMs, at - began);
        if (at >= windowEnds) endWindow(at);
      };
    },
    [Symbol.dispose]: () => clearInterval(lag),
  };
}
