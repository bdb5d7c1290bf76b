import type { Catalogue, Interactions } from '@duet/datasets';
import { type Rng, seededRng } from '@duet/random';
import { type HeldOut, holdOut } from './world/held-out.ts';

const dayS = 86_400;
const categories = 5;

/** What a made-up shop's customers are like. */
interface Making {
  users?: number;
  items?: number;
  /** Chance that a purchase is in the customer's own category, not anywhere. */
  loyalty?: number;
  /** Whether a customer of even number buys only the cheaper half, and an odd one the dearer. */
  byPrice?: boolean;
}

/** Some 300 customers who buy five lines a visit over a year, mostly in one category, parted at 80 % of the time. */
export function makeShop({ users = 300, items = 200, loyalty = 0.8, byPrice = false }: Making = {}): HeldOut {
  const rng = seededRng(11);
  const perCategory = items / categories;
  const category = Int32Array.from({ length: items }, (_, item) => Math.floor(item / perCategory));
  // Half of each category's items are cheap and half are dear.
  const priceMinor = Float64Array.from({ length: items }, (_, item) => (item % 2 === 0 ? 200 : 1000) + item);
  const rows: { user: number; item: number; time: number; valueMinor: number }[] = [];
  for (let user = 0; user < users; user++) {
    const visits = 2 + Math.floor(8 * rng());
    for (let visit = 0; visit < visits; visit++) {
      const time = 1_700_000_000 + Math.floor(rng() * 365) * dayS;
      for (let line = 0; line < 5; line++) {
        const item = draw(rng, user, items, loyalty, byPrice);
        rows.push({ user, item, time, valueMinor: (1 + Math.floor(rng() * 6)) * priceMinor[item]! });
      }
    }
  }
  rows.sort((a, b) => a.user - b.user || a.time - b.time);
  const ids = Array.from({ length: items }, (_, item) => `i${item}`);
  const interactions: Interactions = {
    users: Array.from({ length: users }, (_, user) => `u${user}`),
    items: ids,
    user: Int32Array.from(rows, ({ user }) => user),
    item: Int32Array.from(rows, ({ item }) => item),
    time: Float64Array.from(rows, ({ time }) => time),
    weight: new Float32Array(rows.length).fill(1),
    valueMinor: Float64Array.from(rows, ({ valueMinor }) => valueMinor),
  };
  const catalogue: Catalogue = {
    ids,
    title: ids,
    category,
    categories: Array.from({ length: categories }, (_, c) => `category ${c}`),
    priceMinor,
    attributes: {},
  };
  return holdOut(interactions, catalogue, 'time:0.8');
}

function draw(rng: Rng, user: number, items: number, loyalty: number, byPrice: boolean): number {
  const perCategory = items / categories;
  const category = rng() < loyalty ? user % categories : Math.floor(rng() * categories);
  const item = category * perCategory + Math.floor(perCategory * rng());
  return byPrice ? item - (item % 2) + (user % 2) : item;
}
