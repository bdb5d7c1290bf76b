/** Users fall into this many buckets: shares are exact to a hundredth of a per cent. */
const buckets = 10_000;

/** FNV-1a, 32 bits, over UTF-16 code units (draft-eastlake-fnv; the same as over bytes for ASCII). */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/**
 * The user's bucket under a seed, 0 to 9,999: GrowthBook's hash version 2, `fnv1a(fnv1a(seed + user)) mod 10,000`
 * (docs.growthbook.io/lib/build-your-own, "Hashing"), so that GrowthBook's SDKs reproduce every assignment.
 */
export function bucketOf(seed: string, userId: string): number {
  return fnv1a(String(fnv1a(seed + userId))) % buckets;
}

interface AssignableArm {
  weight: number;
  position: number;
}

/**
 * The arm that a user is in, or undefined for a user outside the experiment.
 *
 * Two independent buckets decide: that of `<seed>:traffic` whether the user takes part, that of `<seed>` which arm it
 * would be. So raising `trafficShare` brings users in and moves none between arms.
 */
export function assign<Arm extends AssignableArm>(
  experiment: { seed: string; trafficShare: number; arms: readonly Arm[] },
  userId: string,
): Arm | undefined {
  const { seed, trafficShare } = experiment;
  if (bucketOf(`${seed}:traffic`, userId) >= Math.round(trafficShare * buckets)) return undefined;
  const arms = experiment.arms.filter(({ weight }) => weight > 0).sort((a, b) => a.position - b.position);
  const bucket = bucketOf(seed, userId);
  let share = 0;
  for (const arm of arms) {
    share += arm.weight;
    if (bucket < Math.round(share * buckets)) return arm;
  }
  // The last arm takes what rounding leaves over.
  return arms.at(-1);
}
