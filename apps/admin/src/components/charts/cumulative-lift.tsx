'use client';

import {
  Area,
  CartesianGrid,
  ComposedChart,
  ErrorBar,
  Line,
  ReferenceLine,
  Scatter,
  Tooltip,
  XAxis,
  YAxis,
} from 'recharts';
import { formatChange } from '#format.ts';
import { axis } from './axis.tsx';
import { ChartTooltip } from './tooltip.tsx';

interface Limits {
  value: number | null;
  low: number | null;
  high: number | null;
}

interface CumulativeLiftProps {
  label: string;
  points: { day: string; relative: Limits; sequence: Limits }[];
  plannedDay: string | null;
  scale: [number, number];
  ticks: number[];
  color: string;
}

const dayMs = 86_400_000;
const shortDay = (day: string) =>
  new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' }).format(new Date(day));

/** Every day from the first to the last that is known or planned. */
function calendar(points: CumulativeLiftProps['points'], plannedDay: string | null): string[] {
  const days = [...points.map(({ day }) => day), ...(plannedDay ? [plannedDay] : [])].sort();
  const [first, last] = [Date.parse(days[0]!), Date.parse(days.at(-1)!)];
  return Array.from({ length: Math.round((last - first) / dayMs) + 1 }, (_, i) =>
    new Date(first + i * dayMs).toISOString().slice(0, 10),
  );
}

/**
 * One arm's lift with everything up to each day: the confidence sequence as a band, and the interval of the planned
 * look.
 */
export function CumulativeLift({ label, points, plannedDay, scale, ticks, color }: CumulativeLiftProps) {
  const byDay = new Map(points.map((point) => [point.day, point]));
  const within = (lift: number) => Math.min(scale[1], Math.max(scale[0], lift));
  const rows = calendar(points, plannedDay).map((day) => {
    const { relative, sequence } = byDay.get(day) ?? {};
    const known = sequence && sequence.low !== null && sequence.high !== null;
    const planned = day === plannedDay && relative && relative.low !== null && relative.high !== null;
    return {
      day,
      Lift: relative?.value ?? undefined,
      'Confidence sequence': known ? [within(sequence.low!), within(sequence.high!)] : undefined,
      planned: planned ? relative.value! : undefined,
      fixed: planned ? [relative.value! - within(relative.low!), within(relative.high!) - relative.value!] : undefined,
    };
  });
  return (
    <ComposedChart
      responsive
      data={rows}
      role="img"
      aria-label={label}
      className="h-64 w-full"
      margin={{ left: 0, right: 12, top: 8, bottom: 0 }}
    >
      <CartesianGrid vertical={false} />
      <XAxis {...axis} dataKey="day" tickFormatter={shortDay} minTickGap={24} padding={{ left: 12, right: 12 }} />
      <YAxis
        {...axis}
        width={64}
        domain={scale}
        ticks={ticks}
        tickFormatter={(lift: number) => formatChange(lift, Math.abs(ticks[1]! - ticks[0]!) < 0.01 ? 1 : 0)}
        axisLine={false}
        allowDataOverflow
      />
      <ReferenceLine y={0} stroke="var(--muted)" />
      {plannedDay && (
        <ReferenceLine
          x={plannedDay}
          stroke="var(--faint)"
          strokeDasharray="3 3"
          label={{ value: 'planned end', position: 'insideTopRight', fill: 'var(--muted)', fontSize: 12 }}
        />
      )}
      <Tooltip
        content={<ChartTooltip title={shortDay} format={formatChange} />}
        cursor={{ stroke: 'var(--line-strong)' }}
      />
      <Area
        dataKey="Confidence sequence"
        stroke="none"
        fill={color}
        fillOpacity={0.18}
        dot={points.length === 1 && { r: 3, fill: color, fillOpacity: 0.3 }}
        activeDot={false}
        isAnimationActive={false}
      />
      <Line
        dataKey="Lift"
        stroke={color}
        strokeWidth={2}
        dot={{ r: 3, fill: color, strokeWidth: 0 }}
        isAnimationActive={false}
      />
      <Scatter dataKey="planned" fill="var(--ink)" tooltipType="none" legendType="none" isAnimationActive={false}>
        <ErrorBar
          dataKey="fixed"
          direction="y"
          stroke="var(--ink)"
          strokeWidth={2}
          width={8}
          isAnimationActive={false}
        />
      </Scatter>
    </ComposedChart>
  );
}
