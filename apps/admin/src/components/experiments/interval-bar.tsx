interface IntervalBarProps {
  low: number | null;
  high: number | null;
  value: number | null;
  /** What the bar's two ends stand for. */
  from: number;
  to: number;
  /** A value to mark, such as no difference. */
  mark?: number;
  color: string;
}

/** An estimate and its interval on a scale; decoration beside the numbers that say the same. */
export function IntervalBar({ low, high, value, from, to, mark, color }: IntervalBarProps) {
  if (value === null || to <= from) return null;
  const at = (x: number) => `${Math.min(100, Math.max(0, ((x - from) / (to - from)) * 100))}%`;
  return (
    <svg aria-hidden="true" className="h-5 w-full min-w-32 overflow-visible">
      <line x1="0" x2="100%" y1="50%" y2="50%" stroke="var(--line)" />
      {mark !== undefined && (
        <line x1={at(mark)} x2={at(mark)} y1="0" y2="100%" stroke="var(--muted)" strokeDasharray="2 2" />
      )}
      {low !== null && high !== null && (
        <line
          x1={at(low)}
          x2={at(high)}
          y1="50%"
          y2="50%"
          stroke={color}
          strokeWidth={5}
          strokeLinecap="round"
          strokeOpacity={0.4}
        />
      )}
      <circle cx={at(value)} cy="50%" r={4.5} fill={color} />
    </svg>
  );
}
