import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { factorOf, type RankingRule, ruleInput, rulesInForce, withPins } from './rules.ts';

const catalogue = {
  rowOf: new Map([
    ['mug', 0],
    ['cup', 1],
    ['lamp', 2],
  ]),
  category: Int32Array.of(0, 0, 1),
  categories: ['kitchen', 'lights'],
};
const rule = (over: Partial<RankingRule>): RankingRule => ({
  id: 'r',
  kind: 'block',
  itemId: null,
  category: null,
  placement: null,
  place: null,
  factor: null,
  startsAt: null,
  endsAt: null,
  ...over,
});
const now = new Date('2026-12-01T12:00:00Z');
const held = (rules: RankingRule[], placement?: string) => rulesInForce(rules, catalogue, { placement, now });

describe('rules in force', () => {
  test('block and weigh items, and all items of a category', () => {
    const { blockedItems, blockedCategories, weighing } = held([
      rule({ itemId: 'lamp' }),
      rule({ category: 'lights' }),
      rule({ kind: 'boost', category: 'kitchen' }),
      rule({ kind: 'bury', itemId: 'cup', factor: 0.1 }),
    ]);
    assert.deepEqual([...blockedItems], [2]);
    assert.deepEqual(blockedCategories, ['lights']);
    assert.deepEqual(
      [0, 1, 2].map((item) => weighing!(item).map(factorOf)),
      [[2], [0.1, 2], []],
    );
  });

  test('hold at their placement and in their time alone', () => {
    const rules = [
      rule({ itemId: 'mug', placement: 'home' }),
      rule({ itemId: 'cup', startsAt: '2026-12-02T00:00:00Z' }),
      rule({ itemId: 'lamp', startsAt: '2026-11-01T00:00:00Z', endsAt: '2026-12-01T12:00:00Z' }),
    ];
    assert.deepEqual([...held(rules, 'home').blockedItems], [0]);
    assert.deepEqual([...held(rules, 'basket').blockedItems], []);
  });

  test('do not pin what is blocked, and say nothing of what the catalogue lacks', () => {
    const rules = [
      rule({ kind: 'pin', itemId: 'mug', place: 2 }),
      rule({ kind: 'pin', itemId: 'lamp', place: 1 }),
      rule({ category: 'lights' }),
      rule({ itemId: 'gone' }),
      rule({ category: 'gone' }),
    ];
    assert.deepEqual(held(rules).pins, [{ item: 0, place: 2, rule: rules[0] }]);
  });
});

test('a pin stands at its place, once, and the others keep their order', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.nat(30), { maxLength: 20 }),
      fc.uniqueArray(fc.tuple(fc.nat(30), fc.integer({ min: 1, max: 25 })), {
        maxLength: 3,
        selector: ([, place]) => place,
      }),
      (items, wanted) => {
        const pins = wanted.map(([item, place]) => ({ item, place })).sort((a, b) => a.place - b.place);
        const firstOf = pins.filter((pin, i) => pins.findIndex(({ item }) => item === pin.item) === i);
        const list = withPins(
          items.map((item) => ({ item })),
          pins,
        ).map(({ item }) => item);
        assert.equal(new Set(list).size, list.length);
        const rest = list.filter((item) => !firstOf.some((pin) => pin.item === item));
        assert.deepEqual(
          rest,
          items.filter((item) => rest.includes(item)),
        );
        for (const { item, place } of firstOf) {
          const after = list.slice(list.indexOf(item) + 1);
          const isLast = after.every((other) => firstOf.some((pin) => pin.item === other));
          assert.ok(
            list.indexOf(item) === place - 1 || (list.indexOf(item) < place - 1 && isLast),
            'at its place, or last',
          );
        }
      },
    ),
  );
});

test('a rule says what it lacks, by field', () => {
  const bad = (input: object): string[] =>
    ruleInput.safeParse(input).error!.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  assert.deepEqual(bad({ kind: 'pin', itemId: 'a' }), ['place: A pin needs its place, from 1']);
  assert.deepEqual(bad({ kind: 'block' }), ['itemId: Name an item or a category, one of the two']);
  assert.deepEqual(bad({ kind: 'boost', category: 'c', factor: 0.5 }), ['factor: A boost needs a factor above 1']);
  assert.deepEqual(bad({ kind: 'bury', itemId: 'a', factor: 3 }), ['factor: To bury needs a factor below 1']);
  const times = { startsAt: '2026-12-02', endsAt: '2026-12-01' };
  assert.deepEqual(bad({ kind: 'block', itemId: 'a', ...times }), ['endsAt: It must end after it starts']);
  assert.ok(ruleInput.safeParse({ kind: 'pin', itemId: 'a', place: '3' }).success, 'forms send text');
});
