import { DuetError, type Progress } from '@duet/base';
import type { DuetClient, LoggedEvent, RetrieveAnswer } from '@duet/client';
import { nthRng } from '@duet/random';
import type { Visit } from './shoppers/timeline.ts';
import { type Act, visitPage } from './shoppers/visit.ts';
import { Tally } from './tally.ts';
import type { World } from './world/world.ts';

export interface DriveRequest {
  /** With a key of the scopes retrieve, events and simulate. */
  client: Pick<DuetClient, 'retrieve' | 'events'>;
  world: World;
  /** In the order of time. */
  visits: readonly Visit[];
  experimentId: string;
  seed: number;
  /** Requests under way at once. */
  concurrency: number;
  /** Nothing happens after this moment, Unix ms: an event from the future would be refused. */
  untilMs: number;
  progress: Progress;
  /** Ends the simulation after the visits that are under way. */
  signal: AbortSignal;
}

export interface Driven {
  tally: Tally;
  /** Visits made: all, unless it was stopped. */
  visits: number;
  /** Of these, answered outside the experiment: nothing is logged of them. */
  outside: number;
  events: Record<LoggedEvent['type'], number>;
  /** The simulated moment it came to, Unix ms. */
  throughMs: number;
}

/** Events that may wait for the service before further visits wait for them. */
const mostPending = 5_000;
const hourMs = 3_600_000;
/** Streams of visits come after those that the world, the shoppers and the timeline draw from. */
const firstStream = 1000;

/**
 * Sends every visit to the service and logs what comes of it, in the order of simulated time: answers are taken in the
 * order in which they were asked for, and events wait until the simulated clock has passed them. With the same seed and
 * the same answers, everything repeats.
 *
 * @throws DuetError `conflict` where the service answers from another experiment; whatever the client throws
 */
export async function drive(request: DriveRequest): Promise<Driven> {
  const { client, world, visits, experimentId, seed, concurrency, untilMs, progress, signal } = request;
  const tally = new Tally();
  const bought = new Map<string, string[]>();
  const counts: Driven['events'] = { impression: 0, click: 0, cart: 0, order: 0, refund: 0 };
  const usesDevice = world.heldOut.interactions.context?.device !== undefined;
  const deferred: Deferred = createDeferred(async (events) => {
    for (const { type } of events) counts[type] += 1;
    client.events.log(...events);
    if (client.events.pending > mostPending) await client.events.flush({ timeoutMs: 120_000 });
  });
  let [done, outside] = [0, 0];
  let throughMs = visits[0]?.atMs ?? 0;

  const ask = ({ shopper, atMs }: Visit) =>
    client.retrieve({
      userId: shopper.userId,
      k: world.page,
      placement: 'simulation',
      at: new Date(atMs).toISOString(),
      exclude: bought.get(shopper.userId) ?? [],
      ...(usesDevice && { context: { device: shopper.device } }),
    });
  const untilStopped = function* () {
    for (const visit of visits) {
      if (signal.aborted) return;
      yield visit;
    }
  };
  for await (const [visit, answer] of inOrder(untilStopped(), concurrency, ask)) {
    const { shopper, atMs, number } = visit;
    done += 1;
    progress({ step: 'simulate', done, total: visits.length, unit: 'visits', note: simulatedClock(atMs) });
    if (answer.experiment !== undefined && answer.experiment.id !== experimentId) throw elsewhere(answer);
    if (answer.experiment === undefined) {
      outside += 1;
      continue;
    }
    const acts = visitPage(world, shopper, answer.items, nthRng(seed, firstStream + number)).filter(
      ({ afterMs }) => atMs + afterMs <= untilMs,
    );
    // Of an interleaving each item has an arm: what it did is in the report, and in no table of arms.
    if (answer.arm) tally.add(answer.arm.id, shopper.userId, atMs, answer.items.length, acts);
    const paid = acts.filter(({ type }) => type === 'order').map(({ position }) => answer.items[position]!.itemId);
    if (paid.length > 0) bought.set(shopper.userId, [...(bought.get(shopper.userId) ?? []), ...paid].slice(-1000));
    deferred.add(eventsOf(visit, answer, acts));
    throughMs = atMs;
    await deferred.release(atMs);
  }
  // Whoever came also finishes, where the simulation was stopped.
  await deferred.release(Number.POSITIVE_INFINITY);
  await client.events.flush({ timeoutMs: 120_000 });
  return { tally, visits: done, outside, events: counts, throughMs };
}

const simulatedClock = (atMs: number): string => new Date(atMs).toISOString().slice(0, 16).replace('T', ' ');

const elsewhere = ({ experiment }: RetrieveAnswer): DuetError =>
  new DuetError('conflict', `The service put a simulated shopper into the experiment "${experiment!.name}".`, {
    fix: 'Stop every other simulated experiment, and try again.',
  });

/** Works on some inputs at once and yields the results in the inputs' order. */
async function* inOrder<I, R>(
  inputs: Iterable<I>,
  atOnce: number,
  work: (input: I) => Promise<R>,
): AsyncGenerator<[I, R]> {
  const under: Promise<[I, R]>[] = [];
  for (const input of inputs) {
    const result = work(input).then((answer): [I, R] => [input, answer]);
    result.catch(() => {}); // Thrown when its turn comes.
    under.push(result);
    if (under.length >= atOnce) yield await under.shift()!;
  }
  while (under.length > 0) yield await under.shift()!;
}

/** The events of a visit: one impression for each item of the page, then what the shopper did. */
export function eventsOf(
  { shopper, atMs, number }: Visit,
  answer: RetrieveAnswer,
  acts: readonly Act[],
): LoggedEvent[] {
  const { requestId, experiment, arm, items, currency } = answer;
  const event = (type: LoggedEvent['type'], position: number, afterMs: number) => ({
    type,
    occurredAt: new Date(atMs + afterMs).toISOString(),
    userId: shopper.userId,
    itemId: items[position]!.itemId,
    requestId,
    experimentId: experiment!.id,
    armId: (items[position]!.arm ?? arm)!.id,
    placement: 'simulation',
    position,
    device: shopper.device,
  });
  return [
    ...items.map(({ propensity }, position) => ({ ...event('impression', position, 0), propensity })),
    ...acts.map(({ type, position, afterMs, quantity, valueMinor }) => ({
      ...event(type, position, afterMs),
      ...(quantity !== undefined && { quantity, valueMinor, currency, orderId: `${experiment!.id}-${number}` }),
    })),
  ];
}

interface Deferred {
  add(events: readonly LoggedEvent[]): void;
  /** Sends what happened up to a simulated moment, in order. */
  release(throughMs: number): Promise<void>;
}

/** Events of later moments wait here; looked through once a simulated hour, so that waiting costs nothing. */
function createDeferred(send: (events: LoggedEvent[]) => Promise<void>): Deferred {
  const waiting: { at: number; event: LoggedEvent }[] = [];
  let hour = Number.NEGATIVE_INFINITY;
  return {
    add(events) {
      for (const event of events) waiting.push({ at: Date.parse(event.occurredAt!), event });
    },
    async release(throughMs) {
      if (throughMs - hour < hourMs) return;
      hour = throughMs;
      waiting.sort((a, b) => a.at - b.at);
      const due = waiting.findIndex(({ at }) => at > throughMs);
      const events = waiting.splice(0, due < 0 ? waiting.length : due).map(({ event }) => event);
      for (let from = 0; from < events.length; from += 1000) await send(events.slice(from, from + 1000));
    },
  };
}
