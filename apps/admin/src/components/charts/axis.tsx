/** How every axis is drawn: quiet numbers on a quiet line, in the theme's colours. */
export const axis = {
  tick: { fill: 'var(--muted)', fontSize: 12 },
  stroke: 'var(--line-strong)',
  tickLine: false,
} as const;

/** Every legend: in the order of the series, readable whatever their colours. */
export const legend = {
  iconSize: 10,
  itemSorter: null,
  formatter: (name: string) => <span className="text-sm text-muted">{name}</span>,
} as const;
