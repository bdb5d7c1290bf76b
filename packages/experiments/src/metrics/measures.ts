/**
 * What is summed for every user, in whole numbers: metrics are made of these. Money is in minor units. `buyers` is 1 for
 * a user with an order; `gmvCappedMinor` is a user's GMV up to the experiment's cap; the `pre` ones are of the 28 days
 * before the user's first exposure.
 */
export const measures = [
  'impressions',
  'clicks',
  'carts',
  'orders',
  'units',
  'buyers',
  'gmvMinor',
  'gmvCappedMinor',
  'refundMinor',
  'netMinor',
  'preImpressions',
  'preClicks',
  'preOrders',
  'preGmvMinor',
] as const;
export type Measure = (typeof measures)[number];

/** Each two measures once, each with itself too: the products that are kept, in their order. */
export const measurePairs: readonly (readonly [Measure, Measure])[] = measures.flatMap((a, i) =>
  measures.slice(i).map((b) => [a, b] as const),
);

/** Sums over some users: of each measure, and of the product of each two: what estimates are made from. */
export interface UserSums {
  sums: Record<Measure | 'users', bigint>;
  product(a: Measure, b: Measure): bigint;
}

const places = new Map(measurePairs.flatMap(([a, b], i) => [[`${a} ${b}`, i] as const, [`${b} ${a}`, i] as const]));

/** Place of a product of two measures among {@link measurePairs}. */
export const placeOfProduct = (a: Measure, b: Measure): number => places.get(`${a} ${b}`)!;

/** UserSums over `moments`: the sums of {@link measures}, then those of {@link measurePairs}. */
export function userSums(users: bigint, moments: readonly bigint[]): UserSums {
  const sums = Object.fromEntries(measures.map((measure, i) => [measure, moments[i]!])) as Record<Measure, bigint>;
  return { sums: { users, ...sums }, product: (a, b) => moments[measures.length + placeOfProduct(a, b)]! };
}
