'use client';

import { CartesianGrid, Legend, Line, LineChart, Tooltip, XAxis, YAxis } from 'recharts';
import { formatMoney, formatPercent } from '#format.ts';
import { axis, legend } from './axis.tsx';
import { ChartTooltip } from './tooltip.tsx';

interface ByDayProps {
  label: string;
  /** One row a day: `{ day, [arm's name]: value }`. */
  rows: Record<string, string | number | null>[];
  arms: { name: string; color: string }[];
  /** How a value is written: as a share, or as money in minor units of a currency. */
  unit: 'share' | { currency: string };
}

const shortDay = (day: string) =>
  new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' }).format(new Date(day));

/** What each arm did on each day alone. */
export function ByDay({ label, rows, arms, unit }: ByDayProps) {
  const format = (value: number) => (unit === 'share' ? formatPercent(value, 2) : formatMoney(value, unit.currency));
  const tick = (value: number) =>
    unit === 'share' ? formatPercent(value, 0) : formatMoney(value, unit.currency).replace(/[.,]00$/, '');
  return (
    <LineChart
      responsive
      data={rows}
      role="img"
      aria-label={label}
      className="h-56 w-full"
      margin={{ left: 0, right: 12, top: 8 }}
    >
      <CartesianGrid vertical={false} />
      <XAxis {...axis} dataKey="day" tickFormatter={shortDay} minTickGap={24} padding={{ left: 12, right: 12 }} />
      <YAxis {...axis} width="auto" tickFormatter={tick} axisLine={false} />
      <Tooltip content={<ChartTooltip title={shortDay} format={format} />} />
      <Legend {...legend} iconType="plainline" />
      {arms.map(({ name, color }) => (
        <Line
          key={name}
          dataKey={name}
          stroke={color}
          strokeWidth={2}
          dot={{ r: 2.5, fill: color, strokeWidth: 0 }}
          isAnimationActive={false}
        />
      ))}
    </LineChart>
  );
}
