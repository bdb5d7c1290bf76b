import { normal, type Rng } from '@duet/random';
import { sigmoid } from '@duet/ranking';
import { examination } from '../world/examination.ts';
import type { Habits } from '../world/habits.ts';
import { priceDistance } from '../world/item-choices.ts';
import { liking } from '../world/tastes.ts';
import type { World } from '../world/world.ts';
import { waiting } from './shopper-draws.ts';
import type { Shopper } from './shoppers.ts';

/** An item as the answer of `retrieve` shows it. */
export interface ShownItem {
  itemId: string;
  priceMinor: number | null;
}

/** One thing that a shopper does on a page. */
export interface Act {
  type: 'click' | 'cart' | 'order' | 'refund';
  /** 0-based place of the item in the list. */
  position: number;
  /** After the beginning of the visit. */
  afterMs: number;
  /** Of an order line or refund. */
  quantity?: number;
  valueMinor?: number;
}

const secondMs = 1000;
const dayMs = 86_400_000;
/** A line that comes back does so after this many days, in the mean. */
const refundDays = 2;
/** More of one thing than this is a slip of the log-normal's tail, and would be the week's whole GMV. */
const mostPieces = 10_000;

/**
 * What a shopper does on a page: looks at places from the top with the chance of their position, clicks what attracts,
 * puts some of it in the basket by its price, and pays for all of it or nothing; a line may come back days later.
 */
export function visitPage(world: World, shopper: Shopper, shown: readonly ShownItem[], rng: Rng): Act[] {
  const { choices, habits, itemRow, tastes } = world;
  const rows = shown.map(({ itemId }) => itemRow.get(itemId) ?? -1);
  const known = rows.filter((row) => row >= 0);
  const likings = liking(tastes, shopper, known);
  const acts: Act[] = [];
  let seconds = 0;
  let next = 0;
  rows.forEach((row, position) => {
    // Everybody draws as often on every place, so that what happens on one does not depend on the others.
    const [looks, clicks, carts] = [rng(), rng(), rng()];
    seconds += 1;
    if (row < 0) return; // The catalogue has an item that the data have not: nobody's taste is known.
    const z = likings[next++]!;
    if (looks >= examination(position)) return;
    if (clicks >= sigmoid(choices.clickIntercept + choices.liking * z + shopper.clickEase)) return;
    seconds += 4;
    acts.push({ type: 'click', position, afterMs: seconds * secondMs });
    const d = priceDistance(shown[position]!.priceMinor, shopper.usualLogPrice);
    if (carts >= sigmoid(choices.cartIntercept + choices.price * d + choices.priceSquared * d * d)) return;
    seconds += 20;
    acts.push({ type: 'cart', position, afterMs: seconds * secondMs });
  });

  const basket = acts.filter(({ type }) => type === 'cart');
  if (basket.length === 0 || rng() >= choices.checkout) return acts;
  const paidMs = (seconds + 90) * secondMs;
  for (const { position } of basket) {
    const priceMinor = shown[position]!.priceMinor ?? 0;
    const quantity = drawQuantity(habits, shopper.usualQuantity, priceMinor, rng);
    const valueMinor = quantity * priceMinor;
    acts.push({ type: 'order', position, afterMs: paidMs, quantity, valueMinor });
    if (rng() < habits.refunds) {
      const afterMs = paidMs + Math.round(waiting(rng, refundDays) * dayMs);
      acts.push({ type: 'refund', position, afterMs, quantity, valueMinor });
    }
  }
  return acts;
}

/** Pieces of a line: log-normal about what the shopper usually takes at such a price, at least one. */
export function drawQuantity(
  { quantity: { slope, logPrice, withinUser } }: Pick<Habits, 'quantity'>,
  usualQuantity: number,
  priceMinor: number,
  rng: Rng,
): number {
  const dearer = priceMinor > 0 ? Math.log(priceMinor) - logPrice : 0;
  const pieces = Math.exp(usualQuantity + slope * dearer + withinUser * normal(rng));
  return Math.min(mostPieces, Math.max(1, Math.round(pieces)));
}
