import { nthRng } from '@duet/random';
import { type Habits, hourOfWeek } from '../world/habits.ts';
import { place, poisson } from './shopper-draws.ts';
import type { Shopper } from './shoppers.ts';

/** One shopper coming to the shop. */
export interface Visit {
  /** Place in the timeline: also the number of its random stream. */
  number: number;
  shopper: Shopper;
  /** Unix ms of the simulated moment. */
  atMs: number;
}

export interface Period {
  /** Unix ms. */
  startMs: number;
  days: number;
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** A wholesaler's rate over a hundred times the mean would be a robot's. */
const mostVisitsADay = 10;

/** The last `days` whole UTC days before `now`. */
export function lastDays(now: Date, days: number): Period {
  return { startMs: Math.floor(now.getTime() / dayMs - days) * dayMs, days };
}

/**
 * Every visit of the period, in the order of time: Poisson numbers at each shopper's rate, at the hours of the week at
 * which the dataset's customers order.
 *
 * @param visits of the mean shopper in a week
 */
export function timeline(
  shoppers: readonly Shopper[],
  { hours }: Pick<Habits, 'hours'>,
  { startMs, days }: Period,
  visits: number,
  seed: number,
): Visit[] {
  const rng = nthRng(seed, 3);
  const weights = Float64Array.from({ length: 24 * days }, (_, hour) => hours[hourOfWeek(startMs + hour * hourMs)]!);
  const all = shoppers.flatMap((shopper) => {
    const mean = Math.min((shopper.rate * visits * days) / 7, mostVisitsADay * days);
    return Array.from({ length: poisson(rng, mean) }, () => ({
      shopper,
      atMs: Math.floor(startMs + (place(rng, weights) + rng()) * hourMs),
    }));
  });
  return all.sort((a, b) => a.atMs - b.atMs).map((visit, number) => ({ number, ...visit }));
}
