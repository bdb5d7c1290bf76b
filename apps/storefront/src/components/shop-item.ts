/** A product as the pages show it, and how they came by it. */
export interface ShopItem {
  itemId: string;
  title: string;
  category: string | null;
  priceMinor: number | null;
  currency: string;
}

/** A list of items that Duet answered: what its impressions and clicks are logged with. */
export interface ShownList {
  /** Unlike for each answer, so that an item is counted once in each. */
  id: string;
  placement: string;
  requestId?: string;
  experimentId?: string;
  armId?: string;
}
