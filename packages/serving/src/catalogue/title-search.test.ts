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
          assert.deepEqual(await followed.find(text, 3, () => true), await first.find(text, 3, () => true));
        }
      }
    }),
  );
});

const found = async (titles: string[], query: string) => {
  const { items, corrected, matched } = await (await TitleSearch.open(catalogueOf(titles))).find(query, 10, () => true);
  return { titles: items.map(({ item }) => titles[item]), corrected, matched: matched.length };
};

test('a search finds a word that is begun, and one with a typo, and says how it took it', async () => {
  const titles = ['CHRISTMAS TREE', 'CHRISTMAS STAR', 'WHITE LANTERN', 'RED RETROSPOT BAG', 'RED MUG'];
  assert.deepEqual(await found(titles, 'lant'), { titles: ['WHITE LANTERN'], corrected: null, matched: 1 });
  assert.deepEqual((await found(titles, 'chrismas star')).titles[0], 'CHRISTMAS STAR');
  assert.equal((await found(titles, 'chrismas')).corrected, 'christmas');
  assert.deepEqual(await found(titles, 'lantrn'), { titles: ['WHITE LANTERN'], corrected: 'lantern', matched: 1 });
  assert.deepEqual((await found(titles, 'mgu')).titles, [], 'a short word could be any other');
});

test('items with all the words come first, and are those that count; others fill the list up', async () => {
  const titles = ['RED LAMP', 'BLUE LAMP', 'RED MUG', 'LAMP RED LARGE'];
  const { titles: order, matched } = await found(titles, 'red lamp');
  assert.deepEqual(order.slice(0, 2).toSorted(), ['LAMP RED LARGE', 'RED LAMP']);
  assert.deepEqual([matched, order.length], [2, 4]);
});

test('queries that are under way together let others have their turns, and find what each finds alone', async () => {
  const titles = Array.from({ length: 40_000 }, (_, row) => `SET OF ${row % 7} ${row % 2 ? 'RED' : 'BLUE'} MUGS`);
  const search = await TitleSearch.open(catalogueOf(titles));
  const find = (query: string, may = (row: number) => row % 3 > 0) => search.find(query, 20, may);
  const queries = ['set of red', 'blue mugs', 'set', 'red mgus', 'of blue'];
  const alone: Awaited<ReturnType<typeof find>>[] = [];
  for (const query of queries) alone.push(await find(query));
  let turns = 0;
  let isOver = false;
  const count = () => {
    turns++;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  assert.deepEqual(await Promise.all(queries.map((query) => find(query))), alone);
  isOver = true;
  // How many goes by how long a turn takes on this machine; in one go there were none.
  assert.ok(turns > 0, `${turns} turns`);
});
