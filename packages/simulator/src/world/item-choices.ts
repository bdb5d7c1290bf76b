import type { Rng } from '@duet/random';
import { fitLogistic, sigmoid } from '@duet/ranking';
import type { HeldOut } from './held-out.ts';
import { fitTastes, liking } from './tastes.ts';

/** How liking and price move the logit of a purchase, as fitted to the purchases that no arm has seen. */
export interface Slopes {
  liking: number;
  /** Of ln(price / the customer's usual price), and of its square. */
  price: number;
  priceSquared: number;
}

/**
 * How a shopper chooses: logits of a click on an item that was looked at, and of putting a clicked item in the basket.
 */
export interface Choices extends Slopes {
  clickIntercept: number;
  cartIntercept: number;
  /** Of those who put something in the basket, the share who buy it in the same visit. */
  checkout: number;
  /** Standard deviation between shoppers of the click's logit: some click on everything. */
  clickSpread: number;
}

const features = 3;
/** Items that were not bought, drawn for each one that was. */
const contrasts = 20;
/** Users whose purchases are looked at: enough for slopes to two digits. */
const fittedUsers = 600;
/** Distances of prices beyond e³ say no more. */
const clip = (distance: number): number => Math.max(-3, Math.min(3, distance));

/** ln(price / usual price); 0 where either is unknown. */
export function priceDistance(priceMinor: number | null, usualLogPrice: number): number {
  if (priceMinor === null || !(priceMinor > 0) || Number.isNaN(usualLogPrice)) return 0;
  return clip(Math.log(priceMinor) - usualLogPrice);
}

/** Mean ln price of these items; NaN where none has a price. */
export function usualLogPrice(items: ArrayLike<number>, priceMinor: ArrayLike<number>): number {
  const logs = Array.from(items, (item) => Math.log(priceMinor[item]!)).filter(Number.isFinite);
  return logs.reduce((sum, value) => sum + value, 0) / logs.length;
}

/**
 * Fits {@link Slopes} by logistic regression: which items did a customer buy, given what else they bought? Only unseen
 * purchases are used, half of each customer's to know them by and half to explain, and the similarities are those of
 * other customers. Items not bought are sampled, which moves the intercept alone (Hosmer & Lemeshow, "Applied Logistic
 * Regression", §6.3).
 */
export function fitSlopes({ unseen, catalogue }: Pick<HeldOut, 'unseen' | 'catalogue'>, rng: Rng): Slopes {
  const items = catalogue.ids.length;
  const tastes = fitTastes(
    unseen.map((list, user) => (user % 2 === 0 ? list : new Int32Array())),
    items,
  );
  const x: number[] = [];
  const y: number[] = [];
  const candidates = unseen.filter((list, user) => user % 2 === 1 && list.length >= 4);
  const stride = Math.max(1, Math.floor(candidates.length / fittedUsers));
  for (const list of candidates.filter((_, place) => place % stride === 0)) {
    const basis = list.filter((_, place) => place % 2 === 0);
    const bought = list.filter((_, place) => place % 2 === 1).subarray(0, 10);
    const had = new Set(list);
    const others = Array.from({ length: bought.length * contrasts }, () => Math.floor(rng() * items)).filter(
      (item) => !had.has(item),
    );
    const asked = [...bought, ...others];
    const usual = usualLogPrice(basis, catalogue.priceMinor);
    liking(tastes, { basis, wanted: new Int32Array() }, asked).forEach((z, at) => {
      const d = priceDistance(catalogue.priceMinor[asked[at]!]!, usual);
      x.push(z, d, d * d);
      y.push(at < bought.length ? 1 : 0);
    });
  }
  const w = fitLogistic({ x: Float64Array.from(x), y: Uint8Array.from(y), width: features });
  return { liking: w[0]!, price: w[1]!, priceSquared: w[2]! };
}

/** The intercept at which the mean of sigmoid(intercept + logit) is `share`, by bisection. */
export function interceptFor(logits: ArrayLike<number>, weights: ArrayLike<number>, share: number): number {
  let low = -40;
  let high = 40;
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    let sum = 0;
    let total = 0;
    for (let i = 0; i < logits.length; i++) {
      sum += weights[i]! * sigmoid(middle + logits[i]!);
      total += weights[i]!;
    }
    if (sum / total < share) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
