/** A product as the pages show it, and how they came by it. */
export interface ShopItem {
  itemId: string;
  title: string;
  category: string | null;
  priceMinor: number | null;
  currency: string;
  /** Why it is recommended. */
  reason?: { kind: string; text: string; title?: string | undefined };
  /** Whose item it is, where a list is made of two arms'. */
  armId?: string;
  /** How likely it was where it is, where lists are explored. */
  propensity?: number;
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
