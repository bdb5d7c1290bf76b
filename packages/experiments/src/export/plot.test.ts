import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { LiftSeries } from '../report/shape.ts';
import { type LiftPlot, liftPlot, liftScale, ticksOf } from './plot.ts';

const point = (day: number, value: number, half: number): LiftSeries['points'][number] => ({
  day: `2026-03-${String(day).padStart(2, '0')}`,
  users: 100 * day,
  relative: { value, low: value - half / 2, high: value + half / 2 },
  p: 0.5,
  sequence: { value, low: value - half, high: value + half },
});
const points = [point(2, 0.1, 0.4), point(3, 0.06, 0.2), point(4, 0.05, 0.1)];
const plot = (more: Partial<LiftPlot> = {}) =>
  liftPlot({ title: 'lift', points, plannedDay: null, color: '#2461cc', scale: [-0.5, 0.5], ...more });
const numbers = (svg: string, pattern: RegExp) => [...svg.matchAll(pattern)].map((match) => match.slice(1).map(Number));

describe('the axis of lifts', () => {
  test('has its ticks at round numbers', () => {
    assert.deepEqual(
      ticksOf([-0.07, 0.13], 4).map((tick) => tick.toFixed(2)),
      ['-0.05', '0.00', '0.05', '0.10'],
    );
    assert.deepEqual(ticksOf([-1, 1], 4), [-1, -0.5, 0, 0.5, 1]);
  });

  test('always shows zero, and holds every limit of the last day', () => {
    const [low, high] = liftScale([points]);
    assert.ok(low < -0.05 && high > 0.15);
  });

  test('is not stretched by the limits of a first day', () => {
    const [low, high] = liftScale([[point(2, 0.1, 40), ...points]]);
    // Three times the last day's width of 0.2 about its value of 0.05, and a margin.
    assert.ok(low > -0.3 && low < -0.25 && high > 0.35 && high < 0.4, `${low} ${high}`);
  });

  test('stands where nothing is known', () => {
    const [low, high] = liftScale([]);
    assert.ok(low < 0 && high > 0);
  });
});

describe('the plot of a lift', () => {
  test('draws a point a day, from left to right, higher lifts higher', () => {
    const circles = numbers(plot(), /<circle cx="([\d.]+)" cy="([\d.]+)"/g);
    assert.equal(circles.length, 3);
    const [first, second, third] = circles as [number, number][];
    assert.ok(first![0]! < second![0]! && second![0]! < third![0]!);
    assert.ok(first![1]! < second![1]! && second![1]! < third![1]!);
    assert.equal(second![0]! - first![0]!, third![0]! - second![0]!);
  });

  test('draws the sequence as a band around the line, kept within the frame', () => {
    const band = /<polygon points="([^"]+)"/.exec(plot({ scale: [-0.2, 0.2] }))![1]!.split(' ');
    assert.equal(band.length, 6);
    const ys = band.map((corner) => Number(corner.split(',')[1]));
    assert.ok(ys.every((y) => y >= 12 && y <= 222));
    assert.equal(ys[0], 12); // +50 % lies above what is shown
  });

  test('leaves the days up to the planned end free, and marks it', () => {
    const svg = plot({ plannedDay: '2026-03-16' });
    assert.match(svg, /stroke-dasharray/);
    assert.match(svg, />16 Mar</);
    assert.doesNotMatch(svg, /stroke="#1b1b19"/);
  });

  test('shows the fixed-horizon interval on the planned day and on no other', () => {
    assert.equal(plot({ plannedDay: '2026-03-03' }).match(/stroke="#1b1b19"/g)?.length, 1);
    assert.doesNotMatch(plot(), /stroke="#1b1b19"/);
  });

  test('stands with one day, with none, and with days that tell nothing', () => {
    const unknown = { value: null, low: null, high: null };
    const silent = { ...points[0]!, relative: unknown, sequence: unknown };
    for (const some of [[points[0]!], [], [silent], [silent, points[1]!]]) {
      assert.doesNotMatch(plot({ points: some }), /NaN|Infinity|undefined|null/);
      assert.doesNotMatch(plot({ points: some, plannedDay: '2026-03-16' }), /NaN|Infinity|undefined|null/);
    }
  });

  test('writes what somebody typed as text', () => {
    assert.match(plot({ title: '<b>"a" & b' }), /<title>&#60;b&#62;&#34;a&#34; &#38; b<\/title>/);
  });
});
