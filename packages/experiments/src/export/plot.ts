import type { Interval } from '@duet/statistics';
import { formatChange } from '../report/figures.ts';
import type { LiftSeries } from '../report/shape.ts';

export interface LiftPlot {
  /** What it shows, for who cannot see it. */
  title: string;
  points: LiftSeries['points'];
  /** 'YYYY-MM-DD' of the planned end's look; null where there is none. */
  plannedDay: string | null;
  /** Days on which an arm began to serve another version, marked on the axis. */
  changes?: readonly { day: string; says: string }[];
  /** CSS colour of the arm. */
  color: string;
  /** Both ends of the lift's axis; see {@link liftScale}. */
  scale: [number, number];
}

/** An arm's colour by its place, dark enough for white paper. */
export const armColors = ['#2461cc', '#bf4c09', '#1f7a78', '#7a3fc4', '#a3245c', '#5b6b1f'];

const dayMs = 86_400_000;
const dayNumber = (day: string) => Date.parse(day) / dayMs;
const dayOf = (n: number) => new Date(n * dayMs).toISOString().slice(0, 10);

/**
 * Both ends of an axis for the lifts of one metric: all values and zero, and of the limits what lies within three times
 * those of the last day, because those of a first day would flatten everything after it.
 */
export function liftScale(series: readonly LiftSeries['points'][]): [number, number] {
  const values = [0];
  for (const points of series) {
    const last = points.filter(({ sequence }) => sequence.low !== null && sequence.high !== null).at(-1)?.sequence;
    const room = last ? 1.5 * (last.high! - last.low!) : Infinity;
    const middle = last?.value ?? 0;
    for (const { relative, sequence } of points) {
      for (const value of [relative.value, relative.low, relative.high, sequence.low, sequence.high]) {
        if (value !== null) values.push(Math.min(middle + room, Math.max(middle - room, value)));
      }
    }
  }
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const margin = (high - low) * 0.06 || 0.01;
  return [low - margin, high + margin];
}

/** Round numbers within a scale, about `count` of them: steps of 1, 2 or 5 times a power of ten. */
export function ticksOf([low, high]: [number, number], count: number): number[] {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10);
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, i) => (first + i) * step);
}

const size = { width: 720, height: 250, left: 64, right: 16, top: 12, bottom: 28 };
const px = (value: number) => String(Math.round(value * 10) / 10);
const escaped = (text: string) => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

/**
 * The cumulative lift by day as one SVG element without scripts, styles or anything from elsewhere: the confidence
 * sequence as a band, the lift as a line, and the fixed-horizon interval as a whisker at the one day it is valid for.
 */
export function liftPlot({ title, points, plannedDay, changes = [], color, scale }: LiftPlot): string {
  const days = [...points.map(({ day }) => dayNumber(day)), ...(plannedDay ? [dayNumber(plannedDay)] : [])];
  const [first, last] = [Math.min(...days), Math.max(...days)];
  const { width, height, left, right, top, bottom } = size;
  const x = (day: number) =>
    first === last
      ? (left + width - right) / 2
      : left + 8 + ((day - first) / (last - first)) * (width - left - right - 16);
  const y = (lift: number) =>
    top + ((scale[1] - Math.min(scale[1], Math.max(scale[0], lift))) / (scale[1] - scale[0])) * (height - top - bottom);

  const ticks = ticksOf(scale, 5);
  const step = Math.abs(ticks[1]! - ticks[0]!);
  const digits = Math.min(3, Math.max(0, -Math.floor(Math.log10(100 * step) + 1e-9)));
  const grid = ticks.map((tick) => {
    const zero = Math.abs(tick) < step / 2;
    const line = `<line x1="${left}" x2="${width - right}" y1="${px(y(tick))}" y2="${px(y(tick))}" stroke="${zero ? '#716f68' : '#e7e6e1'}"/>`;
    const label = zero ? '0 %' : formatChange(tick, digits);
    return `${line}<text x="${left - 8}" y="${px(y(tick) + 4)}" text-anchor="end">${label}</text>`;
  });
  const every = Math.ceil((last - first + 1) / 10);
  const labels = Array.from({ length: Math.floor((last - first) / every) + 1 }, (_, i) => first + i * every).map(
    (day) => `<text x="${px(x(day))}" y="${height - 8}" text-anchor="middle">${shortDay(dayOf(day))}</text>`,
  );

  const drawn = points.flatMap(({ day, relative, sequence }) =>
    relative.value === null ? [] : [{ at: x(dayNumber(day)), value: y(relative.value), sequence }],
  );
  const banded = drawn.flatMap(({ at, sequence: { low, high } }) =>
    low === null || high === null ? [] : [{ at, low: y(low), high: y(high) }],
  );
  const corner = (at: number, y: number) => `${px(at)},${px(y)}`;
  const band = [
    ...banded.map(({ at, high }) => corner(at, high)),
    ...banded.toReversed().map(({ at, low }) => corner(at, low)),
  ].join(' ');
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" font-family="system-ui, sans-serif" font-size="11" fill="#5d5b55">`,
    `<title>${escaped(title)}</title>`,
    ...grid,
    ...labels,
    banded.length === 1
      ? whisker({ ...banded[0]!, color, width: 7, opacity: 0.25 })
      : `<polygon points="${band}" fill="${escaped(color)}" fill-opacity="0.16"/>`,
    ...(plannedDay
      ? plannedMark(x(dayNumber(plannedDay)), points.find(({ day }) => day === plannedDay)?.relative)
      : []),
    `<polyline points="${drawn.map(({ at, value }) => corner(at, value)).join(' ')}" fill="none" stroke="${escaped(color)}" stroke-width="2" stroke-linejoin="round"/>`,
    ...changes
      .filter(({ day }) => dayNumber(day) >= first && dayNumber(day) <= last)
      .map(({ day, says }) => changeMark(x(dayNumber(day)), says)),
    ...drawn.map(({ at, value }) => `<circle cx="${px(at)}" cy="${px(value)}" r="3" fill="${escaped(color)}"/>`),
    '</svg>',
  ].join('');

  function changeMark(at: number, says: string): string {
    const base = height - bottom;
    return `<path d="M${px(at - 4)} ${base}L${px(at + 4)} ${base}L${px(at)} ${base - 7}Z" fill="${escaped(color)}"><title>${escaped(says)}</title></path>`;
  }

  function plannedMark(at: number, fixed: Interval | undefined): string[] {
    const line = `<line x1="${px(at)}" x2="${px(at)}" y1="${top}" y2="${height - bottom}" stroke="#716f68" stroke-dasharray="3 3"/>`;
    if (fixed?.low == null || fixed.high == null) return [line];
    return [line, whisker({ at, low: y(fixed.low), high: y(fixed.high), color: '#1b1b19', width: 2, opacity: 1 })];
  }
}

const whisker = (of: { at: number; low: number; high: number; color: string; width: number; opacity: number }) =>
  `<line x1="${px(of.at)}" x2="${px(of.at)}" y1="${px(of.low)}" y2="${px(of.high)}" stroke="${escaped(of.color)}" stroke-width="${of.width}" stroke-opacity="${of.opacity}"/>`;

const shortDay = (day: string) =>
  new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' }).format(new Date(day));
