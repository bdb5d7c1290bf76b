import { normal, type Rng } from '@duet/random';
import type { MeasureSums } from '@duet/statistics';

/** What is summed for every shopper; `pre…` are those of as many days before the experiment. */
const measures = [
  'impressions',
  'clicks',
  'orders',
  'buyers',
  'gmvMinor',
  'gmvCappedMinor',
  'preImpressions',
  'preClicks',
  'preOrders',
  'preGmvMinor',
  'preGmvCappedMinor',
] as const;
export type Measure = (typeof measures)[number];

const place = Object.fromEntries(measures.map((measure, i) => [measure, i])) as Record<Measure, number>;
const width = measures.length;

/** What the treatment does to a shopper: it multiplies the chance to click, the chance to order and the basket. */
export interface Treatment {
  click: number;
  order: number;
  basket: number;
}

export const noTreatment: Treatment = { click: 1, order: 1, basket: 1 };

interface Shopper {
  /** Chance of a visit on a day. */
  visits: number;
  click: number;
  order: number;
  /** Mean of a basket's logarithm. */
  logBasket: number;
}

/** Shoppers differ widely: who clicks more also buys more, and one in two hundred is a wholesaler. */
function shopper(rng: Rng): Shopper {
  const taste = normal(rng);
  const logistic = (x: number) => 1 / (1 + Math.exp(-x));
  return {
    visits: 0.03 + 0.5 * rng() ** 3,
    click: logistic(-3 + 0.8 * taste + 0.6 * normal(rng)),
    order: logistic(-3.3 + 0.6 * taste + 1.4 * normal(rng)),
    logBasket: Math.log(3000) + 0.7 * normal(rng) + (rng() < 0.005 ? 2.5 : 0),
  };
}

/** Successes of `n` trials, drawn by the gaps between them. */
function successes(n: number, p: number, rng: Rng): number {
  const scale = Math.log1p(-Math.min(p, 0.999_999));
  let count = -1;
  for (let at = 0; at <= n; count++) at += 1 + Math.floor(Math.log(1 - rng()) / scale);
  return count;
}

/**
 * How the baskets' values are distributed. Those of Pareto's have no variance (α = 1.8), the hardest that shops see.
 */
export type Baskets = 'lognormal' | 'pareto';

const basketOf = (who: Shopper, baskets: Baskets, rng: Rng): number =>
  baskets === 'pareto' ? 3000 * (1 - rng()) ** (-1 / 1.8) : Math.exp(who.logBasket + 0.9 * normal(rng));

/**
 * One visit's impressions, clicks, orders and value, added to a shopper's sums: to those of the time before, or to the
 * others.
 */
function visit(
  sums: Float64Array,
  who: Shopper,
  { click, order, basket }: Treatment,
  { pre = false, baskets }: { pre?: boolean; baskets: Baskets },
  rng: Rng,
): void {
  const impressions = rng() < 0.3 ? 20 : 10;
  const ordered = rng() < who.order * order;
  const value = ordered ? Math.round(basket * basketOf(who, baskets, rng)) : 0;
  const add = (measure: Measure, more: number) => {
    sums[place[measure]]! += more;
  };
  add(pre ? 'preImpressions' : 'impressions', impressions);
  add(pre ? 'preClicks' : 'clicks', successes(impressions, who.click * click, rng));
  add(pre ? 'preOrders' : 'orders', ordered ? 1 : 0);
  add(pre ? 'preGmvMinor' : 'gmvMinor', value);
}

/** Seven shoppers in ten came in the days before, too. */
function past(sums: Float64Array, who: Shopper, { days, capMinor, baskets = 'lognormal' }: Plan, rng: Rng): void {
  if (rng() < 0.3) return;
  const visits = successes(days, who.visits, rng);
  for (let i = 0; i < visits; i++) visit(sums, who, noTreatment, { pre: true, baskets }, rng);
  sums[place.preGmvCappedMinor] = Math.min(capMinor, sums[place.preGmvMinor]!);
}

/** GMV per shopper of an ordinary period, to take a cap from. */
export function history(shoppers: number, days: number, rng: Rng, baskets: Baskets = 'lognormal'): number[] {
  return Array.from({ length: shoppers }, () => {
    const sums = new Float64Array(width);
    const who = shopper(rng);
    visit(sums, who, noTreatment, { baskets }, rng);
    const visits = successes(Math.floor(rng() * days), who.visits, rng);
    for (let i = 0; i < visits; i++) visit(sums, who, noTreatment, { baskets }, rng);
    return sums[place.gmvMinor]!;
  });
}

/** Whole numbers as a report reads them. */
function sumsOf(users: number, sums: Float64Array, products: Float64Array): MeasureSums<Measure> {
  const exact = measures.map((measure, i) => [measure, BigInt(sums[i]!)] as const);
  return {
    sums: Object.fromEntries([...exact, ['users', BigInt(users)]]) as Record<Measure | 'users', bigint>,
    product: (a, b) => BigInt(products[Math.min(place[a], place[b]) * width + Math.max(place[a], place[b])]!),
  };
}

export interface Plan {
  usersPerArm: number;
  days: number;
  capMinor: number;
  baskets?: Baskets;
}

/**
 * One arm from its first day to its last: shoppers come for the first time on any day and return as they like. Yields
 * the sums at the end of each day.
 */
export function arm(plan: Plan, treatment: Treatment, rng: Rng): MeasureSums<Measure>[] {
  const { usersPerArm, days, capMinor, baskets = 'lognormal' } = plan;
  const sums = new Float64Array(width);
  const products = new Float64Array(width * width);
  const shopperSums = new Float64Array(width);
  // Growth of each day: a shopper is drawn once and then walks through the days.
  const users = new Int32Array(days);
  const daySums = Array.from({ length: days }, () => new Float64Array(width));
  const dayProducts = Array.from({ length: days }, () => new Float64Array(width * width));
  const count = (day: number, sign: 1 | -1) => {
    const [s, p] = [daySums[day]!, dayProducts[day]!];
    for (let i = 0; i < width; i++) {
      const x = shopperSums[i]!;
      if (x === 0) continue;
      s[i]! += sign * x;
      for (let j = i; j < width; j++) p[i * width + j]! += sign * x * shopperSums[j]!;
    }
  };
  for (let user = 0; user < usersPerArm; user++) {
    shopperSums.fill(0);
    const who = shopper(rng);
    past(shopperSums, who, plan, rng);
    const first = Math.floor(rng() * days);
    users[first]!++;
    const scale = Math.log1p(-who.visits);
    for (let day = first; day < days; day += 1 + Math.floor(Math.log(1 - rng()) / scale)) {
      if (day > first) count(day, -1);
      visit(shopperSums, who, treatment, { baskets }, rng);
      shopperSums[place.buyers] = shopperSums[place.orders]! > 0 ? 1 : 0;
      shopperSums[place.gmvCappedMinor] = Math.min(capMinor, shopperSums[place.gmvMinor]!);
      count(day, 1);
    }
  }
  let all = 0;
  return daySums.map((daily, day) => {
    all += users[day]!;
    for (let i = 0; i < sums.length; i++) sums[i]! += daily[i]!;
    for (let i = 0; i < products.length; i++) products[i]! += dayProducts[day]![i]!;
    return sumsOf(all, sums, products.slice());
  });
}
