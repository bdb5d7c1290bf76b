'use client';

import { CartesianGrid, Legend, Line, LineChart, Tooltip, XAxis, YAxis } from 'recharts';
import { axis, legend } from './axis.tsx';
import { ChartTooltip } from './tooltip.tsx';

export interface Series {
  name: string;
  color: string;
}

interface TrainingCurveProps {
  label: string;
  /** One row an epoch: `{ epoch, [series name]: value }`. */
  rows: Record<string, number>[];
  series: Series[];
  digits: number;
}

/** What a training's loss parts or validation metrics did, epoch by epoch. */
export function TrainingCurve({ label, rows, series, digits }: TrainingCurveProps) {
  const show = (value: number) => value.toFixed(digits);
  return (
    <LineChart
      responsive
      data={rows}
      aria-label={label}
      role="img"
      className="h-64 w-full"
      margin={{ left: 0, right: 12, top: 8 }}
    >
      <CartesianGrid vertical={false} />
      <XAxis
        {...axis}
        dataKey="epoch"
        type="number"
        domain={['dataMin', 'dataMax']}
        tickCount={Math.min(10, rows.length)}
        allowDecimals={false}
      />
      <YAxis {...axis} width={52} tickFormatter={show} axisLine={false} domain={['auto', 'auto']} />
      <Tooltip content={<ChartTooltip title={(epoch) => `Epoch ${epoch}`} format={show} />} />
      <Legend {...legend} iconType="plainline" />
      {series.map(({ name, color }) => (
        <Line
          key={name}
          dataKey={name}
          stroke={color}
          strokeWidth={2}
          dot={rows.length < 12 && { r: 2.5 }}
          isAnimationActive={false}
        />
      ))}
    </LineChart>
  );
}
