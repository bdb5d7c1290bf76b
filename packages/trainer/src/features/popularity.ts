import type { Interactions } from '@duet/datasets';
import type { TrainingSettings } from '@duet/models';

const secondsPerDay = 86_400;

type PopularitySettings = Pick<TrainingSettings, 'popularityWeight' | 'popularityHalfLife'>;

/** Whether a model of such data with these settings has a prior. */
export const hasPopularity = ({ clock = 'time' }: Pick<Interactions, 'clock'>, settings: PopularitySettings): boolean =>
  settings.popularityWeight > 0 && (settings.popularityHalfLife === 0 || clock === 'time');

/**
 * A popularity prior: α · log(1 + Σ 2^(−age / half-life)) over the training interactions of each item, an interaction's
 * age being counted from the last of all. Vectors of unit length hardly tell how popular an item is, and what sold
 * lately sells on. An item without an interaction may be new, and what is new sells: it gets the 90th percentile of the
 * others.
 *
 * @returns [1 + items]: that of an unknown item first
 */
export function popularityPrior(
  x: Pick<Interactions, 'items' | 'item' | 'time'>,
  train: Int32Array,
  { popularityWeight, popularityHalfLife }: PopularitySettings,
): Float32Array {
  const now = train.reduce((last, row) => Math.max(last, x.time[row]!), Number.NEGATIVE_INFINITY);
  const recent = new Float64Array(1 + x.items.length);
  for (const row of train) {
    const halfLives = popularityHalfLife > 0 ? (now - x.time[row]!) / (popularityHalfLife * secondsPerDay) : 0;
    recent[1 + x.item[row]!]! += 2 ** -halfLives;
  }
  const prior = Float32Array.from(recent, (count) => popularityWeight * Math.log1p(count));
  const known = prior.filter((_, row) => recent[row]! > 0).sort();
  const high = known[Math.floor(0.9 * (known.length - 1))]!;
  return prior.map((value, row) => (recent[row]! > 0 ? value : high));
}
