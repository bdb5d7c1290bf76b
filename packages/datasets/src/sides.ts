/** What meets in an interaction: who asks, on the left, and what is found for them, on the right. */
export interface Sides {
  left: 'user' | 'query';
  right: 'item' | 'user';
  /** Every interaction holds in both directions: friendships. Only where both sides are users. */
  symmetric: boolean;
}

/** The sides of a dataset that does not say. */
export const userItem: Sides = { left: 'user', right: 'item', symmetric: false };

/** Whether both sides are the same entities, of which none is ever found for itself. */
export const isOneKind = ({ left, right }: Sides): boolean => left === right;
