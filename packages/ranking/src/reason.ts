import type { DescribedCandidates } from './describe.ts';
import type { UserProfile } from './profile.ts';

/** Why an item is in an answer, as a shopper may be told. `item` and `category` are catalogue rows. */
export type Reason =
  | { kind: 'bought-together'; item: number }
  | { kind: 'category'; category: number }
  | { kind: 'best-seller' }
  | { kind: 'taste' };

/** Below this cosine similarity of buyers, that two items are bought together is no reason worth telling. */
const tellingSimilarity = 0.1;
/** A category is a user's own from this many purchases in it, and this many times its usual share. */
const tellingPurchases = 3;
const tellingShare = 1.5;

/**
 * The strongest thing that speaks for an item and that the user knows: an item bought before, a favourite category,
 * else that the model places it near the user.
 */
export function reasonFor(
  { because, similarity, category, categoryShare }: DescribedCandidates,
  place: number,
  profile: UserProfile,
): Reason {
  if (because[place]! >= 0 && similarity[place]! >= tellingSimilarity) {
    return { kind: 'bought-together', item: because[place]! };
  }
  const itemCategory = category[place]!;
  const bought = profile.categoryPurchases.get(itemCategory) ?? 0;
  const isOwn = bought >= tellingPurchases && bought / profile.purchases >= tellingShare * categoryShare[place]!;
  return isOwn ? { kind: 'category', category: itemCategory } : { kind: 'taste' };
}
