import assert from 'node:assert/strict';
import { test } from 'node:test';
import { comparison, table, toJson } from './answer.ts';

test('a table puts figures to the right and words to the left', () => {
  assert.equal(
    table(
      ['name', 'count'],
      [
        ['dat', 7],
        ['two-tower', 1234],
      ],
    ),
    ['name       count', '─────────  ─────', 'dat            7', 'two-tower   1234'].join('\n'),
  );
});

test('a comparison shows a dash where a model was not measured', () => {
  const lines = comparison([{ name: 'dat', metrics: { 'HR@50': 0.5 } }]).split('\n');
  assert.match(lines[2]!, /^dat +– +– +0\.5000( +–){5}$/);
});

test('JSON holds a bigint of the database as a number', () => {
  assert.equal(toJson({ bytes: 12n, at: new Date(0) }), '{"bytes":12,"at":"1970-01-01T00:00:00.000Z"}');
});
