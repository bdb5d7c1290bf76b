'use client';

import type { ReactNode } from 'react';

interface Entry {
  name?: string | number;
  value?: unknown;
  color?: string;
}

interface ChartTooltipProps {
  title: (label: string) => ReactNode;
  format: (value: number) => string;
  /** Given by Recharts. */
  active?: boolean;
  label?: string | number;
  payload?: readonly Entry[];
}

export function ChartTooltip({ active, label, payload, title, format }: ChartTooltipProps) {
  if (!active || !payload?.length) return null;
  return (
    <div className="rounded-lg border border-line bg-surface px-3 py-2 text-sm shadow-lg">
      <p className="mb-1 font-medium">{title(String(label))}</p>
      {payload.map(({ name, value, color }) => (
        <p key={name} className="flex items-center gap-2">
          <span aria-hidden="true" className="size-2 rounded-full" style={{ background: color }} />
          <span className="text-muted">{name}</span>
          <span className="ml-auto pl-4">{typeof value === 'number' ? format(value) : '–'}</span>
        </p>
      ))}
    </div>
  );
}
