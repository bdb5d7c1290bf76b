/** How every axis is drawn: quiet numbers on a quiet line, in the theme's colours. */
export const axis = {
  tick: { fill: 'var(--muted)', fontSize: 12 },
  stroke: 'var(--line-strong)',
  tickLine: false,
} as const;
