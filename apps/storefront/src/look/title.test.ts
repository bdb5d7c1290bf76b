import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { niceTitle } from './title.ts';

test('upper-case titles of the real catalogue read like a shop wrote them', () => {
  const titles: [string, string][] = [
    ['WHITE HANGING HEART T-LIGHT HOLDER', 'White Hanging Heart T-Light Holder'],
    ['SET/4 BLUE FLOWER CANDLES IN BOWL', 'Set/4 Blue Flower Candles in Bowl'],
    ["CHILDREN'S APRON DOLLY GIRL ", "Children's Apron Dolly Girl"],
    ['RETRO TIN ASHTRAY,REVOLUTIONARY', 'Retro Tin Ashtray, Revolutionary'],
    ['SKULL DESIGN TV DINNER TRAY', 'Skull Design TV Dinner Tray'],
    ['MULTI HEARTS  STICKERS', 'Multi Hearts Stickers'],
    ['OF MICE', 'Of Mice'],
  ];
  for (const [raw, nice] of titles) assert.equal(niceTitle(raw), nice);
});

test('a title somebody wrote in mixed case is left alone', () => {
  assert.equal(niceTitle('iPad sleeve by LARK'), 'iPad sleeve by LARK');
});

test('a title never loses or changes a letter, and is nice already the second time', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[A-Z0-9 ',&/-]{0,60}$/), (raw) => {
      const nice = niceTitle(raw);
      assert.equal(nice.toUpperCase().replaceAll(' ', ''), raw.replaceAll(' ', ''));
      assert.equal(niceTitle(nice), nice);
    }),
  );
});
