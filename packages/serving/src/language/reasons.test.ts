import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reasonLanguages, reasonsOf } from './reasons.ts';

test('a reason is told in the language that is asked for, else in the dataset’s, else in English', () => {
  assert.equal(reasonsOf('de-AT').taste.text, 'Passend zu Ihrem Geschmack');
  assert.equal(reasonsOf(undefined, 'de').pinned.text, 'Vom Shop ausgewählt');
  assert.equal(reasonsOf('xx', 'yy').taste.text, 'Close to your taste');
});

test('every language fills in the names that a sentence has, also those with a dollar sign', () => {
  for (const language of reasonLanguages) {
    const reasons = reasonsOf(language);
    const together = reasons.with('bought-together', 'i1', "Mug $& '5");
    assert.ok(together.text.includes("Mug $& '5"), language);
    assert.deepEqual([together.itemId, together.kind], ['i1', 'bought-together']);
    assert.ok(reasons.category('Lamps').text.includes('Lamps'), language);
    assert.match(reasons.again(29.6).text, /30/);
    assert.equal(reasons.again(29.6).days, 30);
    assert.doesNotMatch(reasons.again(1.2).text, /1|\{/, 'of one day it is said in words');
    assert.doesNotMatch(reasons.again(Number.NaN).text, /\{|NaN/);
  }
});
