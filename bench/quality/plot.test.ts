import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Chart, svg, ticks } from './plot.ts';

test('ticks are 3 to 12 round steps that cover the range', () => {
  fc.assert(
    fc.property(
      fc.double({ min: -1000, max: 1000, noNaN: true }),
      fc.double({ min: 1e-3, max: 1000, noNaN: true }),
      (low, size) => {
        const marks = ticks(low, low + size);
        const step = marks[1]! - marks[0]!;
        assert.ok(marks[0]! <= low + 1e-6 * size && marks.at(-1)! >= low + size - 1e-6 * size);
        assert.ok(marks.length >= 3 && marks.length <= 12, String(marks));
        assert.match((step / 10 ** Math.floor(Math.log10(step * 1.0001))).toFixed(3), /^[125]\.000$/);
      },
    ),
  );
});

const chart: Chart = {
  title: 'A & B',
  places: ['one', 'a rather long <name>'],
  xLabel: 'x',
  yLabel: 'y',
  series: [
    { name: 'A', points: [{ value: 1, low: 0.5, high: 1.5 }, undefined] },
    {
      name: 'B',
      points: [
        { value: 2, low: 2, high: 2 },
        { value: 3, low: 2.5, high: 3.5 },
      ],
    },
  ],
  kind: 'bars',
};

test('a chart has a mark for every point that is there, with the interval at the height of its values', () => {
  const bars = svg(chart);
  assert.equal(bars.match(/fill-opacity/g)?.length, 3);
  assert.equal(svg({ ...chart, kind: 'lines' }).match(/<circle/g)?.length, 3);
  assert.ok(bars.includes('A &#38; B') && bars.includes('a rather long &#60;name&#62;'));
  assert.doesNotMatch(bars, /NaN|undefined/);
  // Bars stand on zero: heights are as the values.
  const heights = Array.from(bars.matchAll(/height="([\d.]+)" fill="#[0-9a-f]+" fill-opacity/g), ([, h]) => Number(h));
  assert.ok(Math.abs(heights[1]! / heights[0]! - 2) < 0.01 && Math.abs(heights[2]! / heights[0]! - 3) < 0.01);
});
