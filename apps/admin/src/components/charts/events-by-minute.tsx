'use client';

import { Bar, BarChart, CartesianGrid, Tooltip, XAxis, YAxis } from 'recharts';
import { eventTypes, type MinuteOfEvents } from '#event-types.ts';
import { axis } from './axis.tsx';
import { ChartTooltip } from './tooltip.tsx';

const clock = (iso: string) => iso.slice(11, 16);

/** The last hour's events, a stacked bar a minute. */
export function EventsByMinute({ minutes }: { minutes: MinuteOfEvents[] }) {
  return (
    <BarChart
      responsive
      data={minutes}
      role="img"
      aria-label="Events by minute of the last hour, in UTC"
      className="h-36 w-full"
      margin={{ left: 0, right: 0, top: 4, bottom: 0 }}
      barCategoryGap={1}
    >
      <CartesianGrid vertical={false} />
      <XAxis {...axis} dataKey="from" tickFormatter={clock} interval={14} />
      <YAxis {...axis} width={48} tickCount={3} interval={0} allowDecimals={false} axisLine={false} />
      <Tooltip
        cursor={{ fill: 'var(--raised)' }}
        content={<ChartTooltip title={(from) => `${clock(from)} UTC`} format={String} />}
      />
      {eventTypes.map(({ type, title, color }) => (
        <Bar key={type} dataKey={type} name={title} stackId="events" fill={color} isAnimationActive={false} />
      ))}
    </BarChart>
  );
}
