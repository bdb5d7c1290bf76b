import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { seededRng } from '@duet/random';
import { type GateFacts, judgeGate } from './gate.ts';
import { parseGate } from './gate-settings.ts';

/** Rankings of users with one target each, at these ranks, whose lists are of the items `from …`. */
function judged(ranks: readonly number[], from = 0) {
  const n = ranks.length;
  return {
    rankings: {
      user: Int32Array.from({ length: n }, (_, u) => u),
      start: Int32Array.from({ length: n + 1 }, (_, u) => u),
      item: new Int32Array(n),
      rank: Int32Array.from(ranks),
      list: Int32Array.from({ length: n * 100 }, (_, i) => from + (i % 100)),
    },
  };
}

const rng = seededRng(3);
const ranks = Array.from({ length: 1000 }, () => 1 + Math.floor(rng() * 100));
const sound: GateFacts = {
  settings: parseGate({}),
  candidate: judged(ranks),
  champion: judged(ranks),
  indexRecall: 0.99,
  shownItems: 200,
  itemsWithVector: 200,
  interactions: { candidate: 1000, champion: 900 },
  weeks: { last: 70, before: 60 },
};
const failed = (facts: Partial<GateFacts>) =>
  judgeGate({ ...sound, ...facts })
    .checks.filter(({ passed }) => !passed)
    .map(({ name }) => name);

describe('the gate', () => {
  test('lets through what is like the champion', () => {
    const { passed, checks } = judgeGate(sound);
    assert.equal(passed, true);
    const names = ['champion', 'index-recall', 'coverage', 'with-vector', 'data-volume', 'last-week', 'overlap'];
    assert.deepEqual(
      checks.map(({ name }) => name),
      names,
    );
  });

  test('holds back what finds less than the champion on the same users', () => {
    const worse = ranks.map((rank, u) => (u % 5 === 0 ? 1000 : rank));
    assert.deepEqual(failed({ candidate: judged(worse) }), ['champion']);
    assert.deepEqual(failed({ candidate: judged(worse), settings: parseGate({ margin: 0.5 }) }), []);
  });

  test('compares only the users whom both judged', () => {
    const few = judged(ranks.slice(0, 500));
    assert.match(judgeGate({ ...sound, candidate: few }).checks[0]!.sentence, /same 500 users/);
  });

  test('holds back lists, vectors, an index or data that are far from what they were', () => {
    assert.deepEqual(failed({ candidate: judged(ranks, 1000) }), ['overlap']);
    assert.deepEqual(failed({ itemsWithVector: 100 }), ['with-vector']);
    assert.deepEqual(failed({ indexRecall: 0.5 }), ['index-recall']);
    assert.deepEqual(failed({ shownItems: 10_000, itemsWithVector: 10_000 }), ['coverage']);
    assert.deepEqual(failed({ interactions: { candidate: 500, champion: 1000 } }), ['data-volume']);
    assert.deepEqual(failed({ weeks: { last: 5, before: 60 } }), ['last-week']);
  });

  test('leaves out what a first version cannot show', () => {
    const { passed, checks } = judgeGate({
      ...{ ...sound, champion: undefined, weeks: undefined },
      interactions: { candidate: 1000, champion: undefined },
    });
    assert.equal(passed, true);
    assert.deepEqual(
      checks.map(({ name }) => name),
      ['index-recall', 'coverage', 'with-vector'],
    );
  });
});
