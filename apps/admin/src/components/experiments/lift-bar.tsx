interface Limits {
  low: number | null;
  high: number | null;
}

interface LiftBarProps {
  value: number | null;
  /** The confidence sequence, drawn wide and light, and the fixed-horizon interval within it. */
  sequence: Limits;
  fixed: Limits;
  /** What the bar's two ends stand for; zero is marked. */
  scale: [number, number];
  color: string;
}

/** A lift with both its intervals; decoration beside the numbers that say the same. */
export function LiftBar({ value, sequence, fixed, scale: [from, to], color }: LiftBarProps) {
  if (value === null) return null;
  const at = (x: number) => `${Math.min(100, Math.max(0, ((x - from) / (to - from)) * 100))}%`;
  const stroke = ({ low, high }: Limits, width: number, opacity: number) =>
    low !== null &&
    high !== null && (
      <line x1={at(low)} x2={at(high)} y1="50%" y2="50%" stroke={color} strokeWidth={width} strokeOpacity={opacity} />
    );
  return (
    <svg aria-hidden="true" className="h-6 w-full min-w-32">
      <line x1={at(0)} x2={at(0)} y1="0" y2="100%" stroke="var(--line-strong)" />
      {stroke(sequence, 10, 0.2)}
      {stroke(fixed, 3, 0.55)}
      <circle cx={at(value)} cy="50%" r={4} fill={color} />
    </svg>
  );
}
