import type { Touch } from '../server/requests.ts';
import { stored } from './stored.ts';

/** The list through which the shopper last came to an item: what the item's later basket and order are credited to. */
const touches = stored<Record<string, Touch>>('session', 'duet-touches', {});

export function rememberTouch(itemId: string, touch: Touch): void {
  touches.write({ ...touches.read(), [itemId]: touch });
}

export const lastTouch = (itemId: string): Touch | undefined => touches.read()[itemId];
