/**
 * Where a measure's value for a user comes from, as SQL.
 *
 * - `daily`: an aggregate over what a user did on one day, the rows of `creditedEvent` in rollup/attribution.ts, kept
 * in
 *   the measure's own column of "RollupUserDay". `inCategory` is the aggregate within one category, where that differs.
 * - `before`: an aggregate over the user's events of the {@link preDays} days before the first exposure, the rows of
 *   `pastEvent` there, kept in the measure's own column of "RollupUser".
 * - `derived`: from other measures' values so far; nothing is kept.
 *
 * `past` names the measure that says the same of the time before, by which CUPED adjusts.
 */
type Source = (
  | { daily: string; inCategory?: string }
  | { before: string }
  | { derived: (soFar: (measure: string) => string, gmvCapMinor: string) => string }
) & { past?: string };

/** Covariates are of this long before a user's first exposure. */
export const preDays = 28;

const count = (condition: string) => `count(*) FILTER (WHERE ${condition})`;
const sum = (value: string, type: string) => `coalesce(sum(${value}) FILTER (WHERE "type" = '${type}'), 0)::bigint`;

/**
 * What is summed for every user, in whole numbers: metrics are made of these. Money is in minor units. A new measure is
 * one entry at the END of this table, since sums are stored by place; one that is `daily` or `before` takes a migration
 * that adds its column as well.
 */
const table = {
  impressions: { daily: count(`"type" = 'impression'`), past: 'preImpressions' },
  clicks: { daily: count(`"type" = 'click'`), past: 'preClicks' },
  carts: { daily: count(`"type" = 'cart'`) },
  orders: { daily: count('"opensOrder"'), inCategory: count('"opensOrderInCategory"'), past: 'preOrders' },
  units: { daily: sum('coalesce("quantity", 1)', 'order') },
  /** 1 for a user with an order. */
  buyers: { derived: (soFar) => `(${soFar('orders')} > 0)::int`, past: 'preOrders' },
  gmvMinor: { daily: sum('"valueMinor"', 'order'), past: 'preGmvMinor' },
  /** A user's GMV up to the experiment's cap. */
  gmvCappedMinor: {
    derived: (soFar, gmvCapMinor) => `least(${soFar('gmvMinor')}, ${gmvCapMinor})`,
    past: 'preGmvMinor',
  },
  refundMinor: { daily: sum('"valueMinor"', 'refund') },
  netMinor: { derived: (soFar) => `${soFar('gmvMinor')} - ${soFar('refundMinor')}`, past: 'preGmvMinor' },
  preImpressions: { before: count(`"type" = 'impression'`) },
  preClicks: { before: count(`"type" = 'click'`) },
  preOrders: { before: `count(DISTINCT "orderId") FILTER (WHERE "type" = 'order')` },
  preGmvMinor: { before: sum('"valueMinor"', 'order') },
} as const satisfies Record<string, Source>;

export type Measure = keyof typeof table;
const sources: Record<Measure, Source> = table;

/** Every measure, in the order in which sums are stored. */
export const measures = Object.keys(table) as [Measure, ...Measure[]];
export const sourceOf = (measure: Measure): Source => sources[measure];
/** The measure that says the same of the time before. */
export const pastOf = (measure: Measure): Measure | undefined => sources[measure].past as Measure | undefined;
/** The measures with a column in "RollupUserDay", and those with one in "RollupUser". */
export const dailyMeasures = measures.filter((measure) => 'daily' in sources[measure]);
export const pastMeasures = measures.filter((measure) => 'before' in sources[measure]);

/** How the moments of some users are stored: the sums of the first so many measures, then those of their products. */
interface Layout {
  known: readonly Measure[];
  /** Each two known measures once, each with itself too. */
  pairs: readonly (readonly [Measure, Measure])[];
  placeOfProduct(a: Measure, b: Measure): number;
}

function layoutOfFirst(count: number): Layout {
  const known = measures.slice(0, count);
  const pairs = known.flatMap((a, i) => known.slice(i).map((b) => [a, b] as const));
  const places = new Map(
    pairs.flatMap(([a, b], i) => [[`${a} ${b}`, count + i] as const, [`${b} ${a}`, count + i] as const]),
  );
  return { known, pairs, placeOfProduct: (a, b) => places.get(`${a} ${b}`)! };
}

/** How moments are laid out that are summed now. */
export const layout = layoutOfFirst(measures.length);
export const momentCount = layout.known.length + layout.pairs.length;

/**
 * How stored moments are laid out: m measures have m + m (m + 1) / 2 moments, so their number tells how many measures
 * there were when they were summed. Those that came later have no sums of an experiment that was over by then.
 */
const layoutOf = (moments: readonly unknown[]): Layout =>
  moments.length === momentCount ? layout : layoutOfFirst((Math.sqrt(9 + 8 * moments.length) - 3) / 2);

/** Sums over some users: of each measure, and of the product of each two: what estimates are made from. */
export interface UserSums {
  sums: Record<Measure | 'users', bigint>;
  product(a: Measure, b: Measure): bigint;
  /** Whether the measure was summed; `sums` and `product` have nothing of it otherwise. */
  knows(measure: Measure | 'users'): boolean;
}

/** UserSums over stored moments. */
export function userSums(users: bigint, moments: readonly bigint[]): UserSums {
  const { known, placeOfProduct } = layoutOf(moments);
  const sums = Object.fromEntries(known.map((measure, i) => [measure, moments[i]!])) as Record<Measure, bigint>;
  return {
    sums: { users, ...sums },
    product: (a, b) => moments[placeOfProduct(a, b)]!,
    knows: (measure) => measure === 'users' || known.includes(measure),
  };
}

/** Places among stored moments of those that are of the past alone. */
export function pastPlaces(moments: readonly unknown[]): number[] {
  const { known, pairs } = layoutOf(moments);
  const isPast = (measure: Measure) => 'before' in sources[measure];
  return [
    ...known.flatMap((measure, i) => (isPast(measure) ? [i] : [])),
    ...pairs.flatMap(([a, b], i) => (isPast(a) && isPast(b) ? [known.length + i] : [])),
  ];
}
