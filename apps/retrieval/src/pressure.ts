/** A request at the door. */
export interface Arrival {
  /** Has it worked on. */
  take(waitedMs: number): void;
  /** Tells it to come back. */
  refuse(waitedMs: number): void;
  /** Whether nobody waits for the answer any more. */
  isGone(): boolean;
}

export interface Pressure extends Disposable {
  /** Requests whose work is not done, the ones that were told they are late included. */
  readonly inFlight: number;
  /** Requests that have arrived and are not worked on yet. */
  readonly waiting: number;
  /** Has a request worked on: now, once there is room, or never. */
  arrive(arrival: Arrival): void;
  /** Counts one request. Call the result once its work is done. */
  begin(): () => void;
}

/** A request that has waited for longer is worked on only where no other waits. */
const mostWaitMs = 30;
/**
 * A request that waited in vain is refused after this time. Not sooner: whoever is refused comes back, and a service
 * that refuses at once is asked, and has to refuse, as fast as its callers can.
 */
const refusedMs = 400;
/** More do not wait: each holds its memory. */
const mostWaiting = 4_096;
/** Of one turn of the event loop, so much is spent on beginning requests: those under way are to be ended too. */
const turnMs = 3;
/** Where no place becomes free, those who wait are looked at this often. */
const lookMs = 25;

/** Work is judged over windows of this length. */
const windowMs = 100;
/** Windows of which the quickest request is what one takes that waits for nothing: a minute. */
const rememberedWindows = 600;
/** So few at once are always worked on: of these it is the machine that is slow, and not the queue that is long. */
const fewest = 16;
/** With fewer under way, the service has time for those who have waited for long. */
const few = 8;
/** A request that takes this many times as long, and no less than this, has waited for others. */
const slowdown = 4;
const quickMs = 15;

/**
 * How many requests are worked on at once: where the quickest of a window took far longer than the quickest of the last
 * minute, those under way wait for each other (searches in threads, the database), and fewer are begun.
 */
class InFlightLimit {
  now: number;
  #most: number;
  #quickest: number[] = [];
  #quickestMs = Infinity;
  #windowEnds = 0;

  constructor(most: number) {
    this.#most = most;
    this.now = most;
  }

  /** Takes in that a request took `ms`, while `inFlight` were worked on. */
  told(ms: number, inFlight: number, at: number): void {
    this.#quickestMs = Math.min(this.#quickestMs, ms);
    if (at < this.#windowEnds) return;
    this.#windowEnds = at + windowMs;
    const alone = Math.min(this.#quickestMs, ...this.#quickest);
    const queued = this.#quickestMs > Math.max(quickMs, slowdown * alone);
    // Halved at once, raised little by little: as TCP shares a line.
    this.now = queued
      ? Math.max(Math.min(fewest, this.#most), Math.floor(Math.min(this.now, inFlight) / 2))
      : Math.min(this.#most, this.now + 1 + (this.now >> 3));
    this.#quickest.push(this.#quickestMs);
    if (this.#quickest.length > rememberedWindows) this.#quickest.shift();
    this.#quickestMs = Infinity;
  }
}

type Waiting = Arrival & { at: number };

/**
 * Backpressure by waiting time, after CoDel (Nichols and Jacobson, ACM Queue 10(5), 2012): a queue that never runs
 * empty makes every answer late and none more. Requests begin in the order of their arrival while they have waited for
 * `mostWaitMs` at most. Older ones begin where no younger one waits, the youngest of them first, as those are likeliest
 * to be waited for; past `refusedMs` they are refused.
 *
 * A burst is thus worked off, and under a load that lasts, what is answered is answered soon.
 *
 * @param maxInFlight requests worked on at once, however quick they are
 */
export function watchPressure(maxInFlight: number, now: () => number = () => performance.now()): Pressure {
  const limit = new InFlightLimit(maxInFlight);
  let inFlight = 0;
  const fresh: Waiting[] = [];
  /** Those who have waited for longer, in order of their arrival too. */
  const late: Waiting[] = [];

  /** When the turn of the event loop began in which requests begin, and how many of it are not counted yet. */
  let turn: number | undefined;
  let begun = 0;
  let look: ReturnType<typeof setTimeout> | undefined;
  const endTurn = () => {
    turn = undefined;
    begun = 0;
    if (fresh.length + late.length > 0) work();
  };

  const isRoom = (most: number) => inFlight + begun < most;
  const take = (arrival: Arrival, waitedMs: number) => {
    begun += 1;
    arrival.take(waitedMs);
  };
  const openTurn = (at: number) => {
    if (turn !== undefined) return;
    turn = at;
    setImmediate(endTurn);
  };

  const sort = (at: number) => {
    while (fresh.length > 0 && at - fresh[0]!.at > mostWaitMs) late.push(fresh.shift()!);
    while (late.length > 0 && at - late[0]!.at > refusedMs) {
      const old = late.shift()!;
      if (!old.isGone()) old.refuse(at - old.at);
    }
  };
  const work = () => {
    let at = now();
    sort(at);
    while (fresh.length + late.length > 0) {
      if (!isRoom(fresh.length > 0 ? limit.now : Math.min(few, limit.now))) {
        look ??= setTimeout(lookAgain, lookMs);
        return;
      }
      openTurn(at);
      // The end of this turn goes on.
      if (at - turn! >= turnMs) return;
      const next = fresh.shift() ?? late.pop()!;
      if (!next.isGone()) take(next, at - next.at);
      at = now();
    }
  };
  const lookAgain = () => {
    look = undefined;
    work();
  };

  return {
    get inFlight() {
      return inFlight;
    },
    get waiting() {
      return fresh.length + late.length;
    },
    arrive(arrival) {
      const at = now();
      const waiting = fresh.length + late.length;
      openTurn(at);
      if (waiting === 0 && isRoom(limit.now) && at - turn! < turnMs) take(arrival, 0);
      else if (waiting >= mostWaiting) arrival.refuse(0);
      else fresh.push(Object.assign(arrival, { at }));
    },
    begin() {
      inFlight += 1;
      begun = Math.max(0, begun - 1);
      const began = now();
      return () => {
        inFlight -= 1;
        const at = now();
        limit.told(at - began, inFlight + 1, at);
        // What waits begins at the end of this turn.
        if (fresh.length + late.length > 0) openTurn(at);
      };
    },
    [Symbol.dispose]() {
      clearTimeout(look);
      for (const arrival of [...late.splice(0), ...fresh.splice(0)]) arrival.refuse(now() - arrival.at);
    },
  };
}
