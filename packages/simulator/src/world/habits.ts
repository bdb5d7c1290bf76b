import type { Interactions } from '@duet/datasets';

/** How the dataset's customers come, pay and return things, as fitted to their log. */
export interface Habits {
  /** Share of the visits in each hour of the week [168], from Monday 0 h UTC. */
  hours: Float64Array;
  /** Shape of the gamma distribution of customers' visit rates, and their orders after the first, in the mean. */
  visits: { shape: number; mean: number };
  /** Each customer's rate of visits by user row, over the mean of all: what the gamma says after their own orders. */
  rate: Float64Array;
  /**
   * ln of a line's quantity at the price `logPrice`: its mean over customers, and how far customers, and lines of one
   * customer, lie from it; `slope` is its change with ln price.
   */
  quantity: { mean: number; betweenUsers: number; withinUser: number; slope: number; logPrice: number };
  /** Each customer's own mean of it by user row, shrunk towards everybody's. */
  usualQuantity: Float64Array;
  /** Share of the lines that come back. */
  refunds: number;
  /** Share of each device among visits, where the data say it, else as `assumedDevices`. */
  devices: { name: string; share: number }[];
}

/** Where the data say nothing of devices: about what StatCounter's GlobalStats counts worldwide in 2025. */
const assumedDevices = [
  { name: 'phone', share: 0.6 },
  { name: 'desktop', share: 0.38 },
  { name: 'tablet', share: 0.02 },
];

/** Visits that are spread evenly over the week: who does not order on Saturdays may still look. */
const evenShare = 0.2;

const hourMs = 3_600_000;
/** The hour of the week of a moment in ms, 0 to 167, from Monday 0 h UTC: 1 January 1970 was a Thursday. */
export const hourOfWeek = (ms: number): number => (Math.floor(ms / hourMs) + 72) % 168;

/** @param refunds share of the lines that come back, which the importer counts and the interactions do not hold */
export function fitHabits(x: Interactions, priceMinor: ArrayLike<number>, refunds: number): Habits {
  const moments = x.users.map(() => new Set<number>());
  x.user.forEach((user, row) => {
    moments[user]!.add(x.time[row]!);
  });
  const timed = x.clock === undefined || x.clock === 'time';
  const { shape, mean, rate } = visitRates(moments.map((userMoments) => userMoments.size - 1));
  return {
    hours: timed ? weekOf(moments) : new Float64Array(168).fill(1 / 168),
    visits: { shape, mean },
    rate,
    ...quantities(x, priceMinor),
    refunds,
    devices: devicesOf(x),
  };
}

function weekOf(moments: readonly Set<number>[]): Float64Array {
  const hours = new Float64Array(168);
  let total = 0;
  for (const userMoments of moments) {
    for (const seconds of userMoments) {
      hours[hourOfWeek(seconds * 1000)]!++;
      total++;
    }
  }
  return hours.map((n) => evenShare / 168 + ((1 - evenShare) * n) / total);
}

/**
 * Repeat orders are negative binomial: Poisson with a gamma-distributed rate (A. Ehrenberg 1959, "The Pattern of
 * Consumer Purchases", Applied Statistics 8:26–41), fitted by moments, shape = m² / (v − m). A customer's rate is its
 * mean after their n orders, (shape + n) / (shape + m) over the mean of all.
 *
 * @param repeats orders after the first, by user
 */
export function visitRates(repeats: readonly number[]): { shape: number; mean: number; rate: Float64Array } {
  const mean = repeats.reduce((sum, n) => sum + n, 0) / repeats.length;
  const variance = repeats.reduce((sum, n) => sum + (n - mean) ** 2, 0) / (repeats.length - 1);
  // No more spread than chance alone makes: everybody comes alike.
  const shape = variance > mean ? mean ** 2 / (variance - mean) : 1e6;
  return { shape, mean, rate: Float64Array.from(repeats, (n) => (shape + n) / (shape + mean)) };
}

/** ln quantity and ln price of each line that has both, by user row. */
function quantities(x: Interactions, priceMinor: ArrayLike<number>): Pick<Habits, 'quantity' | 'usualQuantity'> {
  const lines = x.users.map((): Line[] => []);
  x.user.forEach((user, row) => {
    const price = priceMinor[x.item[row]!]!;
    const quantity = Math.max(1, Math.round(x.valueMinor[row]! / price));
    if (x.valueMinor[row]! > 0 && price > 0) lines[user]!.push([Math.log(quantity), Math.log(price)]);
  });
  return logQuantities(lines);
}

type Line = [logQuantity: number, logPrice: number];

const average = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/**
 * Log-normal quantities that fall with the price, with a mean of each user's own: one-way random effects with a
 * covariate (Searle, Casella & McCulloch 1992, "Variance Components", §3.6). The slope is that within users; the
 * variances are those of the analysis of variance for unequal groups: within = SSW / (N − a), between = (SSB / (a − 1)
 * − within) / n₀ with n₀ = (N − Σn² / N) / (a − 1).
 */
export function logQuantities(lines: readonly Line[][]): Pick<Habits, 'quantity' | 'usualQuantity'> {
  const counted = lines.filter((purchases) => purchases.length > 0);
  const total = counted.reduce((sum, purchases) => sum + purchases.length, 0);
  if (counted.length < 2 || total === counted.length) {
    const quantity = { mean: 0, betweenUsers: 0, withinUser: 0, slope: 0, logPrice: 0 };
    return { quantity, usualQuantity: new Float64Array(lines.length) };
  }
  const logPrice =
    counted.reduce((sum, purchases) => sum + purchases.reduce((part, [, price]) => part + price, 0), 0) / total;
  let [xy, xx] = [0, 0];
  for (const purchases of counted) {
    const [q, p] = [average(purchases.map(([quantity]) => quantity)), average(purchases.map(([, price]) => price))];
    for (const [quantity, price] of purchases) {
      xy += (price - p) * (quantity - q);
      xx += (price - p) ** 2;
    }
  }
  const slope = xx > 0 ? xy / xx : 0;

  const groups = lines.map((purchases) => purchases.map(([quantity, price]) => quantity - slope * (price - logPrice)));
  const present = groups.filter((group) => group.length > 0);
  const centre = present.reduce((sum, group) => sum + group.length * average(group), 0) / total;
  const between = present.reduce((sum, group) => sum + group.length * (average(group) - centre) ** 2, 0);
  const within = present.reduce((sum, group) => {
    const mean = average(group);
    return sum + group.reduce((squares, value) => squares + (value - mean) ** 2, 0);
  }, 0);
  const withinVariance = within / (total - present.length);
  const size = (total - present.reduce((sum, group) => sum + group.length ** 2, 0) / total) / (present.length - 1);
  const betweenVariance = Math.max(0, (between / (present.length - 1) - withinVariance) / size);
  // Of customers, not of lines: a wholesaler with a thousand lines is one customer.
  const mean = average(present.map(average));
  return {
    quantity: {
      ...{ mean, slope, logPrice },
      betweenUsers: Math.sqrt(betweenVariance),
      withinUser: Math.sqrt(withinVariance),
    },
    usualQuantity: Float64Array.from(groups, (group) => {
      if (group.length === 0 || betweenVariance === 0) return mean;
      const trust = betweenVariance / (betweenVariance + withinVariance / group.length);
      return mean + trust * (average(group) - mean);
    }),
  };
}

function devicesOf({ context }: Interactions): Habits['devices'] {
  const column = context?.device;
  if (column === undefined) return assumedDevices;
  const counts = column.values.map(() => 0);
  for (const place of column.code) if (place >= 0) counts[place]!++;
  const total = counts.reduce((sum, n) => sum + n, 0);
  return column.values.map((name, place) => ({ name, share: counts[place]! / total }));
}
