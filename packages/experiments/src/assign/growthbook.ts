import { type AssignableExperiment, armRanges, buckets, bucketsIn, seedsOf } from './assign-user.ts';

/** An experiment as GrowthBook's SDKs take it (docs.growthbook.io/lib/build-your-own, "Experiment"). */
export interface GrowthBookExperiment {
  key: string;
  hashVersion: 2;
  hashAttribute: 'id';
  seed: string;
  /** Names of the arms that have a share. */
  variations: string[];
  ranges: [from: number, to: number][];
  filters: { seed: string; hashVersion: 2; attribute: 'id'; ranges: [from: number, to: number][] }[];
  condition?: Record<string, { $in: string[] }>;
}

/**
 * The experiment for an SDK of GrowthBook's, which then gives every user the arm that Duet gives them by the hash,
 * bucket by bucket: with `ranges` and `filters`, and not with `weights` and `coverage`, from which an SDK makes other
 * ranges (it adds up shares without rounding, and cuts each arm's range where Duet takes users by a hash of their own).
 *
 * Two things are no part of it: overrides, and that a user whom an experiment started earlier takes is in that one
 * alone.
 */
export function growthBookExperiment(experiment: AssignableExperiment & { name: string }): GrowthBookExperiment {
  const { name, holdout, layerFrom, layerTo, trafficShare, settings, arms } = experiment;
  const seeds = seedsOf(experiment);
  const range = (from: number, to: number): [number, number] => [from / buckets, to / buckets];
  const only = (seed: string, from: number, to: number) => ({
    ...{ seed, hashVersion: 2 as const, attribute: 'id' as const, ranges: [range(from, to)] },
  });
  const parts = armRanges(arms);
  return {
    ...{ key: name, hashVersion: 2, hashAttribute: 'id', seed: seeds.arm },
    variations: parts.map(({ arm }) => arm.name),
    ranges: parts.map(({ from, to }) => range(from, to)),
    filters: [
      only(seeds.holdout, bucketsIn(holdout), buckets),
      ...(seeds.layer === null ? [] : [only(seeds.layer, layerFrom ?? 0, layerTo ?? 0)]),
      only(seeds.traffic, 0, bucketsIn(trafficShare)),
    ],
    ...(settings.targeting.length > 0 && {
      condition: Object.fromEntries(
        settings.targeting.map(({ attribute, in: values }) => [attribute, { $in: values }]),
      ),
    }),
  };
}
