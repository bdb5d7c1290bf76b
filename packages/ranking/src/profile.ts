/** What the ranker knows of a user: how often each category was bought, and at what price. */
export interface UserProfile {
  /** Category row → purchases in it. Items without a category are not counted. */
  categoryPurchases: ReadonlyMap<number, number>;
  /** Sum of `categoryPurchases`. */
  purchases: number;
  /** Median natural logarithm of the prices paid; NaN where none is known. */
  usualLogPrice: number;
}

/** The profile of a user who bought these item rows. */
export function userProfile(
  bought: ArrayLike<number>,
  catalogue: { category: Int32Array; priceMinor: Float64Array },
): UserProfile {
  const categoryPurchases = new Map<number, number>();
  const logPrices: number[] = [];
  let purchases = 0;
  for (let i = 0; i < bought.length; i++) {
    const category = catalogue.category[bought[i]!]!;
    if (category >= 0) {
      categoryPurchases.set(category, (categoryPurchases.get(category) ?? 0) + 1);
      purchases += 1;
    }
    const price = catalogue.priceMinor[bought[i]!]!;
    if (price > 0) logPrices.push(Math.log(price));
  }
  logPrices.sort((a, b) => a - b);
  const middle = logPrices.length / 2;
  const usualLogPrice = (logPrices[Math.floor(middle)]! + logPrices[Math.ceil(middle) - 1]!) / 2;
  return { categoryPurchases, purchases, usualLogPrice };
}
