import { formatMetric } from '#format.ts';

/** A metric of a model: a mean over test users of values between 0 and 1. */
interface Measured {
  value: number;
  users: number;
}

const z95 = 1.96;

/** Variance of the mean, at most: of all values between 0 and 1 with this mean, zeros and ones vary most, p (1 − p). */
const mostVariance = ({ value, users }: Measured): number => (value * (1 - value)) / Math.max(1, users);

/** Half of a 95 % interval of a metric, at most. */
export const halfInterval = (measured: Measured): number => z95 * Math.sqrt(mostVariance(measured));

/**
 * What may be said of models side by side in one metric: `best` of one that is above all others by more than chance
 * explains (95 %, as if the models had been tested on other users each, so rather too seldom), `level` of the highest
 * and those that it is not above; nothing of the rest, nor where there is only one.
 */
export function standings(models: readonly (Measured | undefined)[]): ('best' | 'level' | undefined)[] {
  const known = models.filter((model) => model !== undefined);
  const highest = known.toSorted((a, b) => b.value - a.value)[0];
  if (known.length < 2 || highest === undefined) return models.map(() => undefined);
  const isLevel = (model: Measured) =>
    highest.value - model.value <= z95 * Math.sqrt(mostVariance(highest) + mostVariance(model));
  const level = known.filter(isLevel);
  return models.map((model) =>
    model === undefined || !isLevel(model) ? undefined : level.length === 1 ? 'best' : 'level',
  );
}

/** A metric with how far chance may have moved it. */
export const withInterval = (measured: Measured): string =>
  `${formatMetric(measured.value)} ± ${formatMetric(halfInterval(measured))} at most, in 95 of 100 samples of test shoppers`;
