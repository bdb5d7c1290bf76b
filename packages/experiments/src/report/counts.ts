import type { UserSums } from '../metrics/measures.ts';
import type { ArmCounts } from './shape.ts';

const counted = ['users', 'impressions', 'clicks', 'orders', 'gmvMinor'] as const;

/** What an arm's users did together, less what they had done before `earlier`. */
export function countsOf(sums: UserSums | undefined, earlier?: UserSums): ArmCounts {
  const counts = counted.map((key) => [key, Number((sums?.sums[key] ?? 0n) - (earlier?.sums[key] ?? 0n))]);
  return Object.fromEntries(counts) as Record<(typeof counted)[number], number>;
}
