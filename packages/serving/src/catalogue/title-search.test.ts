import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { LiveCatalogue } from './catalogue.ts';
import { TitleSearch } from './title-search.ts';

/** A catalogue of titles, which says of every row at each look that it was edited. */
function catalogueOf(title: string[]) {
  const ids = title.map((_, row) => `i${row}`);
  const editsSince = (seen: number) => (seen === like.editCount ? [] : ids.map((_, row) => ({ row, described: true })));
  const like = {
    ids,
    title,
    category: new Int32Array(title.length).fill(-1),
    categories: [],
    editCount: 0,
    editsSince,
  };
  return like as unknown as LiveCatalogue & { editCount: number };
}

const word = fc.constantFrom('red', 'blue', 'lamp', 'lampshade', 'mug');
const titles = fc.array(
  fc.array(word, { maxLength: 5 }).map((words) => words.join(' ')),
  { minLength: 3, maxLength: 3 },
);

test('however often titles were edited, a search finds what one finds that reads them for the first time', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(titles, { minLength: 2, maxLength: 6 }), word, async (editions, query) => {
      const catalogue = catalogueOf([...editions[0]!]);
      const followed = await TitleSearch.open(catalogue);
      for (const edition of editions) {
        catalogue.title.splice(0, edition.length, ...edition);
        catalogue.editCount++;
        const first = await TitleSearch.open(catalogueOf(edition));
        for (const text of [query, `${query} red`, 'lam']) {
          const scores = (found: { item: number; score: number }[]) => found.map(({ item, score }) => [item, score]);
          assert.deepEqual(scores(followed.find(text, 3, () => true)), scores(first.find(text, 3, () => true)));
        }
      }
    }),
  );
});
