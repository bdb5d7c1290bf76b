import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { seededRng } from '@duet/random';
import fc from 'fast-check';
import { teamDraft } from './team-draft.ts';

describe('team draft', () => {
  const draft = (a: string[], b: string[], k: number, rng: () => number) =>
    teamDraft(a, b, k, rng, (item) => item).map(({ item, team }) => `${item}:${team[0]}`);

  test('lets the winner of each coin pick first, and nobody twice', () => {
    const coins = [0, 0.9];
    assert.deepEqual(
      draft(['a', 'b', 'c'], ['b', 'd', 'a'], 4, () => coins.shift()!),
      ['a:c', 'b:t', 'd:t', 'c:c'],
    );
  });

  test('every prefix is made of both rankings’ own beginnings, and the teams are equal to one', () => {
    const ranking = fc.uniqueArray(fc.integer({ min: 0, max: 30 }).map(String), { minLength: 5, maxLength: 20 });
    fc.assert(
      fc.property(ranking, ranking, fc.nat(), (a, b, seed) => {
        const list = teamDraft(a, b, 5, seededRng(seed), (item) => item);
        assert.equal(list.length, 5);
        assert.equal(new Set(list.map(({ item }) => item)).size, 5);
        const count = (team: string) => list.filter((one) => one.team === team).length;
        assert.ok(Math.abs(count('control') - count('treatment')) <= 1);
        for (const [at, { item, team }] of list.entries()) {
          const ranking = team === 'control' ? a : b;
          const before = new Set(list.slice(0, at).map((one) => one.item));
          assert.equal(
            ranking.find((id) => !before.has(id)),
            item,
          );
        }
      }),
    );
  });

  test('gives each team the first place, and so every click on equal rankings, half the time', () => {
    const same = ['a', 'b', 'c', 'd'];
    const rng = seededRng(1);
    const lists = Array.from({ length: 10_000 }, () => teamDraft(same, same, 4, rng, (item) => item));
    for (const place of [0, 1, 2, 3]) {
      const treated = lists.filter((list) => list[place]!.team === 'treatment').length;
      assert.ok(Math.abs(treated - 5000) < 4 * 50, `${treated} of 10000 at place ${place}`); // σ = √(10000/4) = 50
    }
  });

  test('goes on with one side when the other has run out, and ends with both', () => {
    assert.equal(draft(['a'], ['a', 'b', 'c'], 10, seededRng(2)).length, 3);
    assert.deepEqual(draft([], [], 3, seededRng(1)), []);
  });
});
