import type { KeptArm } from '../identity/identify.ts';
import type { ExperimentSettings } from '../plan/experiment-settings.ts';

/** Users fall into this many buckets: shares are exact to a hundredth of a per cent. */
export const buckets = 10_000;

/** FNV-1a, 32 bits, over UTF-16 code units (draft-eastlake-fnv; the same as over bytes for ASCII). */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/**
 * The user's bucket under a seed, 0 to 9,999: GrowthBook's hash version 2, `fnv1a(fnv1a(seed + user)) mod 10,000`
 * (docs.growthbook.io/lib/build-your-own, "Hashing"), so that its SDKs reproduce the assignments that
 * `growthBookExperiment` describes.
 */
export function bucketOf(seed: string, userId: string): number {
  return fnv1a(String(fnv1a(seed + userId))) % buckets;
}

interface AssignableArm {
  id?: string;
  name: string;
  weight: number;
  position: number;
}

/** What of an experiment decides who is in it. */
export interface AssignableExperiment<Arm extends AssignableArm = AssignableArm> {
  id?: string;
  datasetId: string;
  /** Share of the dataset's users who are in no experiment. */
  holdout: number;
  seed: string;
  phase: number;
  trafficShare: number;
  layer: string | null;
  layerFrom: number | null;
  layerTo: number | null;
  simulated: boolean;
  settings: Pick<ExperimentSettings, 'targeting' | 'overrides'>;
  arms: readonly Arm[];
}

export interface AssignedUser {
  userId: string;
  /** What targeting asks for, by name. */
  attributes?: Readonly<Record<string, string>>;
  /** Arms that the user keeps from before a log-in, by experiment. */
  kept?: Readonly<Record<string, KeptArm>> | undefined;
  /** Shoppers of a simulation are in simulated experiments alone, and real ones in real ones. */
  simulated?: boolean;
}

export interface Assignment<Experiment extends AssignableExperiment> {
  experiment: Experiment;
  arm: Experiment['arms'][number];
  /**
   * `override` for somebody whom the settings put there: they do not count. `kept` for one who was exposed to the arm
   * before they logged in.
   */
  reason: 'hash' | 'override' | 'kept';
}

/** Seed of the experiment's present phase: each phase deals its users out afresh. */
export const phaseSeed = ({ seed, phase }: { seed: string; phase: number }): string =>
  phase > 1 ? `${seed}#${phase}` : seed;

/** The seed of each of an experiment's hashes. */
export function seedsOf(experiment: Pick<AssignableExperiment, 'datasetId' | 'seed' | 'phase' | 'layer'>) {
  const arm = phaseSeed(experiment);
  return {
    ...{ holdout: `holdout:${experiment.datasetId}`, traffic: `${arm}:traffic`, arm },
    layer: experiment.layer === null ? null : `layer:${experiment.layer}`,
  };
}

/**
 * Where the user falls, each by a hash of its own: the holdout's bucket, the layer's slice, the traffic's, the arms'.
 * All are independent of each other, so that raising `trafficShare` brings users in and moves none between arms.
 */
export function bucketsOf(
  experiment: Parameters<typeof seedsOf>[0],
  userId: string,
): { holdout: number; layer: number | null; traffic: number; arm: number } {
  const { holdout, layer, traffic, arm } = seedsOf(experiment);
  return {
    holdout: bucketOf(holdout, userId),
    layer: layer === null ? null : bucketOf(layer, userId),
    traffic: bucketOf(traffic, userId),
    arm: bucketOf(arm, userId),
  };
}

/** How many buckets a share is. */
export const bucketsIn = (share: number): number => Math.round(share * buckets);
const within = (bucket: number, share: number): boolean => bucket < bucketsIn(share);

/**
 * The buckets [from, to) of each arm that has a share, in order of their position: shares are added up and rounded to a
 * bucket. The last arm takes what rounding leaves over.
 */
export function armRanges<Arm extends AssignableArm>(all: readonly Arm[]): { arm: Arm; from: number; to: number }[] {
  const arms = all.filter(({ weight }) => weight > 0).sort((a, b) => a.position - b.position);
  let [share, from] = [0, 0];
  return arms.map((arm, i) => {
    share += arm.weight;
    const to = i === arms.length - 1 ? buckets : Math.round(share * buckets);
    const range = { arm, from, to };
    from = to;
    return range;
  });
}

/** Why an experiment does not take a user. */
type Refusal = 'holdout' | 'layer' | 'targeting' | 'traffic';

/** The arm that the hash gives the user in this experiment, or why it gives none. */
export function hashedArm<Experiment extends AssignableExperiment>(
  experiment: Experiment,
  { userId, attributes = {} }: AssignedUser,
): Experiment['arms'][number] | Refusal {
  const { holdout, layerFrom, layerTo, settings, trafficShare, arms } = experiment;
  const bucket = bucketsOf(experiment, userId);
  if (within(bucket.holdout, holdout)) return 'holdout';
  if (bucket.layer !== null && !(bucket.layer >= (layerFrom ?? 0) && bucket.layer < (layerTo ?? 0))) return 'layer';
  const isMeant = settings.targeting.every(({ attribute, in: values }) => values.includes(attributes[attribute] ?? ''));
  if (!isMeant) return 'targeting';
  if (!within(bucket.traffic, trafficShare)) return 'traffic';
  return armRanges(arms).find(({ to }) => bucket.arm < to)!.arm;
}

/**
 * The experiment and arm that a user is in, of those that run, the first started first; undefined for a user in none,
 * who gets the default.
 *
 * An override wins over everything, in whichever experiment it stands. Else the first started experiment that takes the
 * user has them: one answer shows one arm's list, so a user is in one experiment at a time; a layer makes that lasting.
 */
export function assignUser<Experiment extends AssignableExperiment>(
  experiments: readonly Experiment[],
  user: AssignedUser,
): Assignment<Experiment> | undefined {
  const open = experiments.filter(({ simulated }) => simulated === (user.simulated ?? false));
  for (const experiment of open) {
    const { overrides } = experiment.settings;
    const named = Object.hasOwn(overrides, user.userId) ? overrides[user.userId] : undefined;
    const arm = experiment.arms.find(({ name }) => name === named);
    if (arm !== undefined) return { experiment, arm, reason: 'override' };
  }
  for (const experiment of open) {
    const keptAssignment = user.kept?.[experiment.id ?? ''];
    const before =
      keptAssignment?.phase === experiment.phase && experiment.arms.find((arm) => arm.id === keptAssignment.armId);
    if (before) return { experiment, arm: before, reason: 'kept' };
    const arm = hashedArm(experiment, user);
    if (typeof arm !== 'string') return { experiment, arm, reason: 'hash' };
  }
  return undefined;
}
