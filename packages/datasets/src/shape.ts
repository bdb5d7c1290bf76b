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
export const isOneKind = ({ left, right }: Pick<Sides, 'left' | 'right'>): boolean => left === right;

/**
 * What an interaction's `time` holds: Unix seconds, positions, or the row's place among its user's rows of the file.
 */
export type Clock = 'time' | 'position' | 'file';

/** The parts that a file's own split may name. */
export const splitParts = ['train', 'validation', 'test'] as const;

/** PostgreSQL's `integer`, which a price in minor units must fit. */
export const largestPrice = 2_147_483_647;
