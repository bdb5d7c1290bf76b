/** A product as the pages show it. */
export interface ShopItem {
  itemId: string;
  title: string;
  category: string | null;
  priceMinor: number | null;
  inStock: boolean;
  currency: string;
  /** Why it is recommended. */
  reason?: { kind: string; text: string; title?: string | undefined };
}
