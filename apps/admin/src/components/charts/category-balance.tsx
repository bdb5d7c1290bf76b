'use client';

import { Bar, BarChart, CartesianGrid, Legend, Tooltip, XAxis, YAxis } from 'recharts';
import { formatPercent } from '#format.ts';
import { axis, legend } from './axis.tsx';
import { ChartTooltip } from './tooltip.tsx';

export interface CategoryShare {
  category: string;
  'Share of items': number;
  'Share of interactions': number;
}

/** Each category's share of the catalogue beside its share of the interactions. */
export function CategoryBalance({ rows }: { rows: CategoryShare[] }) {
  return (
    <BarChart
      responsive
      layout="vertical"
      data={rows}
      role="img"
      aria-label="Share of items and of interactions in each category; the table below has the numbers"
      className="w-full"
      style={{ height: rows.length * 34 + 70 }}
      margin={{ left: 0, right: 24 }}
      barGap={1}
      barCategoryGap="28%"
    >
      <CartesianGrid horizontal={false} />
      <XAxis {...axis} type="number" tickFormatter={(share: number) => formatPercent(share)} axisLine={false} />
      <YAxis {...axis} type="category" dataKey="category" width={168} interval={0} />
      <Tooltip
        cursor={{ fill: 'var(--raised)' }}
        content={<ChartTooltip title={(category) => category} format={formatPercent} />}
      />
      <Legend {...legend} verticalAlign="top" height={32} iconType="circle" />
      <Bar dataKey="Share of items" fill="var(--faint)" radius={[0, 3, 3, 0]} isAnimationActive={false} />
      <Bar dataKey="Share of interactions" fill="var(--two-tower)" radius={[0, 3, 3, 0]} isAnimationActive={false} />
    </BarChart>
  );
}
