import { DuetError } from '@duet/base';
import { nthRng } from '@duet/random';
import { sigmoid } from '@duet/ranking';
import { examination } from './examination.ts';
import { fitHabits, type Habits } from './habits.ts';
import type { HeldOut } from './held-out.ts';
import { type Choices, fitSlopes, interceptFor, priceDistance, usualLogPrice } from './item-choices.ts';
import { fitTastes, liking, type Tastes } from './tastes.ts';

/** Everything that decides what simulated shoppers do. Nothing in it knows of an arm. */
export interface World {
  heldOut: HeldOut;
  tastes: Tastes;
  habits: Habits;
  choices: Choices;
  /** Items that a page shows. */
  page: number;
  /** Catalogue row by item id. */
  itemRow: ReadonlyMap<string, number>;
  /** Users whom the arms know and who came back: rows with purchases in both parts. */
  returning: number[];
  /** Users who first bought in the part that no arm has seen. */
  newcomers: number[];
}

export interface WorldSettings {
  page: number;
  /** Click-through rate that a page of best sellers gets, whatever the arms do. */
  bestSellerCtr: number;
  /** Share of clicks after which the item is put in the basket, on that page. */
  cartShare: number;
  /** Share of filled baskets that are paid: 1 − the abandonment rate. */
  checkout: number;
}

/**
 * Seven in ten baskets are abandoned (Baymard Institute, "Cart Abandonment Rate Statistics", the mean of 49 studies:
 * 70.2 %). The other two are plain assumptions that put CTR and conversion where shops see them.
 */
export const worldDefaults: WorldSettings = { page: 12, bestSellerCtr: 0.03, cartShare: 0.3, checkout: 0.3 };

const clickSpread = 0.5;
/** Customers on whom a page of best sellers is tried. */
const calibrated = 400;
/** Customers with a few unseen purchases each, without whom there are no tastes to learn. */
const leastCustomers = 40;
const leastPurchases = 4;

/**
 * Fits shoppers to a dataset: tastes and choices to the purchases that no arm has seen, habits to the whole log. The
 * intercepts are set on a page of best sellers, which is no arm's, so that they favour none.
 *
 * @param refunds share of the lines that come back
 * @throws DuetError `bad-input` where too little is held out to know anybody's taste
 */
export function createWorld(heldOut: HeldOut, refunds: number, seed: number, settings = worldDefaults): World {
  const { unseen, learnt, catalogue, interactions } = heldOut;
  if (unseen.filter((list) => list.length >= leastPurchases).length < leastCustomers) {
    throw new DuetError(
      'bad-input',
      `The split "${heldOut.split}" holds too little back to learn tastes from: fewer than ${leastCustomers} customers have ${leastPurchases} purchases in it.`,
      { fix: 'Compare models that were trained on a time split, such as --split time:0.8.' },
    );
  }
  const rows = unseen.map((_, user) => user).filter((user) => unseen[user]!.length > 0);
  const world: World = {
    heldOut,
    tastes: fitTastes(unseen, catalogue.ids.length),
    habits: fitHabits(interactions, catalogue.priceMinor, refunds),
    choices: {
      ...fitSlopes(heldOut, nthRng(seed, 1)),
      ...{ clickIntercept: 0, cartIntercept: 0, checkout: settings.checkout, clickSpread },
    },
    page: settings.page,
    itemRow: new Map(catalogue.ids.map((id, row) => [id, row])),
    returning: rows.filter((user) => learnt[user]!.length > 0),
    newcomers: rows.filter((user) => learnt[user]!.length === 0),
  };
  setIntercepts(world, settings);
  return world;
}

/**
 * Shows best sellers to some of the returning customers, and sets the intercepts so that they click and buy as wanted.
 */
function setIntercepts(world: World, { page, bestSellerCtr, cartShare }: WorldSettings): void {
  const { heldOut, tastes, choices } = world;
  const { learnt, catalogue } = heldOut;
  const buyers = new Float64Array(catalogue.ids.length);
  for (const list of learnt) for (const item of list) buyers[item]!++;
  const best = Int32Array.from(buyers.keys()).sort((a, b) => buyers[b]! - buyers[a]! || a - b);
  const stride = Math.max(1, Math.floor(world.returning.length / calibrated));
  const looks = Array.from({ length: page }, (_, at) => examination(at));
  const [logits, weights, cartLogits]: [number[], number[], number[]] = [[], [], []];
  for (const user of world.returning.filter((_, at) => at % stride === 0)) {
    const had = new Set(learnt[user]!);
    const shown = best.filter((item) => !had.has(item)).subarray(0, page);
    const usual = usualLogPrice(learnt[user]!, catalogue.priceMinor);
    liking(tastes, customer(heldOut, user), shown).forEach((z, at) => {
      const d = priceDistance(catalogue.priceMinor[shown[at]!]!, usual);
      logits.push(choices.liking * z);
      weights.push(looks[at]!);
      cartLogits.push(choices.price * d + choices.priceSquared * d * d);
    });
  }
  const meanLook = looks.reduce((sum, look) => sum + look, 0) / page;
  choices.clickIntercept = interceptFor(logits, weights, bestSellerCtr / meanLook);
  const clicks = logits.map((logit, i) => weights[i]! * sigmoid(choices.clickIntercept + logit));
  choices.cartIntercept = interceptFor(cartLogits, clicks, cartShare);
}

/** What a customer is known by: all that they bought unseen, and of that what would be new to them. */
export function customer({ unseen, learnt }: HeldOut, user: number): { basis: Int32Array; wanted: Int32Array } {
  const had = new Set(learnt[user]!);
  return { basis: unseen[user]!, wanted: unseen[user]!.filter((item) => !had.has(item)) };
}
