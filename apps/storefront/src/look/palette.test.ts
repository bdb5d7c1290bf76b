import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hashOf, paletteOf } from './palette.ts';

test('the hash is FNV-1a (test vectors of the FNV reference code)', () => {
  // http://www.isthe.com/chongo/src/fnv/test_fnv.c: fnv_1a 32 bit of "", "a", "foobar"
  assert.equal(hashOf(''), 0x811c9dc5);
  assert.equal(hashOf('a'), 0xe40c292c);
  assert.equal(hashOf('foobar'), 0xbf9cf968);
});

test('a picture takes the colour and the pattern that the title names', () => {
  const red = paletteOf('21844', 'RED RETROSPOT MUG');
  assert.equal(red.pattern, 'spots');
  assert.match(red.palette.main, / 25\)$/);
  assert.match(paletteOf('1', 'Blue stripe cushion').palette.main, / 250\)$/);
  assert.equal(paletteOf('1', 'Blue stripe cushion').pattern, 'stripes');
});

test('the same product always looks the same, and every colour is one that CSS can read', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (id, title) => {
      const once = paletteOf(id, title);
      assert.deepEqual(paletteOf(id, title), once);
      for (const colour of Object.values(once.palette)) assert.match(colour, /^oklch\([01]\.\d{3} 0\.\d{3} \d+\)$/);
    }),
  );
});
