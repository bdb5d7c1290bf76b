import type { Receipt, Touch } from '../server/requests.ts';
import { type Stored, stored } from './stored.ts';

export interface BasketLine {
  itemId: string;
  title: string;
  category: string | null;
  priceMinor: number;
  currency: string;
  quantity: number;
  touch?: Touch;
  /** The id of the order event that buying this line will log. */
  eventId: string;
}

export interface Basket {
  /** The id and the time of the order under way: made at the first press of Buy and kept until it is placed. */
  order?: { orderId: string; placedAt: string };
  lines: BasketLine[];
}

const empty: Basket = { lines: [] };
const baskets = new Map<string, Stored<Basket>>();

/** Each shopper's own basket, kept by the browser. */
export function basketOf(userId: string): Stored<Basket> {
  let basket = baskets.get(userId);
  if (!basket) {
    basket = stored('local', `duet-basket:${userId}`, empty);
    baskets.set(userId, basket);
  }
  return basket;
}

const mostOfOne = 999;
const clamp = (quantity: number) => Math.max(1, Math.min(mostOfOne, Math.round(quantity)));

/**
 * Every change makes it another order: an order that was pressed and not placed must not come back with other lines.
 */
const withLines = (lines: BasketLine[]): Basket => ({
  lines: lines.map((line) => ({ ...line, eventId: crypto.randomUUID() })),
});

export function addLine(basket: Basket, added: Omit<BasketLine, 'eventId'>): Basket {
  const same = basket.lines.find(({ itemId }) => itemId === added.itemId);
  const quantity = clamp((same?.quantity ?? 0) + added.quantity);
  const line = { ...same, ...added, quantity, eventId: '' };
  return withLines(same ? basket.lines.map((other) => (other === same ? line : other)) : [...basket.lines, line]);
}

export const setQuantity = (basket: Basket, itemId: string, quantity: number): Basket =>
  withLines(basket.lines.map((line) => (line.itemId === itemId ? { ...line, quantity: clamp(quantity) } : line)));

export const removeLine = (basket: Basket, itemId: string): Basket =>
  withLines(basket.lines.filter((line) => line.itemId !== itemId));

/** The basket at the catalogue's prices; what has none is not sold any more and goes. */
export const reprice = (basket: Basket, prices: { itemId: string; priceMinor: number | null }[]): Basket =>
  withLines(
    basket.lines.flatMap((line) => {
      const found = prices.find(({ itemId }) => itemId === line.itemId);
      const priceMinor = found ? found.priceMinor : line.priceMinor;
      return priceMinor === null ? [] : [{ ...line, priceMinor }];
    }),
  );

export const countOf = (basket: Basket) => basket.lines.reduce((sum, { quantity }) => sum + quantity, 0);
export const totalOf = (basket: Basket) => basket.lines.reduce((sum, line) => sum + line.priceMinor * line.quantity, 0);

export const lastReceipt = stored<Receipt | null>('session', 'duet-receipt', null);
