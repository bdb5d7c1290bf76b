'use client';

import { CartesianGrid, Legend, Line, LineChart, Tooltip, XAxis, YAxis } from 'recharts';
import { axis, legend } from './axis.tsx';
import { ChartTooltip } from './tooltip.tsx';

export interface RecallLatencyPoint {
  nprobe: number;
  'Recall@100': number;
  'p50 (µs)': number;
}

const show = (value: number) => (value <= 1 ? value.toFixed(4) : Math.round(value).toLocaleString('en-GB'));

/** What an index gains in recall, and pays in latency, as it looks into more of its lists. */
export function RecallLatency({ points }: { points: RecallLatencyPoint[] }) {
  return (
    <LineChart
      responsive
      data={points}
      role="img"
      aria-label="Recall and median latency for each nprobe"
      className="h-64 w-full"
      margin={{ left: 0, right: 0, top: 8 }}
    >
      <CartesianGrid vertical={false} />
      <XAxis
        {...axis}
        dataKey="nprobe"
        scale="log"
        type="number"
        domain={['dataMin', 'dataMax']}
        ticks={points.map(({ nprobe }) => nprobe)}
      />
      <YAxis
        {...axis}
        yAxisId="recall"
        width={48}
        // A recall of more than 1 there is not, whatever makes round ticks.
        domain={[(lowest: number) => Math.floor(lowest * 10) / 10, 1]}
        tickFormatter={(recall: number) => recall.toFixed(2)}
        axisLine={false}
      />
      <YAxis {...axis} yAxisId="latency" width={48} orientation="right" axisLine={false} />
      <Tooltip content={<ChartTooltip title={(nprobe) => `nprobe ${nprobe}`} format={show} />} />
      <Legend {...legend} iconType="plainline" />
      <Line
        yAxisId="recall"
        dataKey="Recall@100"
        stroke="var(--two-tower)"
        strokeWidth={2}
        dot={{ r: 3 }}
        isAnimationActive={false}
      />
      <Line
        yAxisId="latency"
        dataKey="p50 (µs)"
        stroke="var(--dat)"
        strokeWidth={2}
        dot={{ r: 3 }}
        isAnimationActive={false}
      />
    </LineChart>
  );
}
