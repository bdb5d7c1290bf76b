import { cache } from 'react';
import { ask } from './retrieval.ts';

/** The categories that sell best, by their names; none where Duet does not answer. */
export const bestCategories = cache(async (most: number): Promise<string[]> => {
  const answer = await ask((duet) => duet.popular({ k: 100, window: 'all', seen: 'show' }));
  if (!answer.ok) return [];
  const names = answer.value.items.flatMap(({ category }) => category ?? []);
  return [...new Set(names)].slice(0, most);
});
