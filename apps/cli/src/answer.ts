/** What a command says: one JSON document for programs, text for people. */
export interface Answer {
  json: unknown;
  text: string;
}

/** JSON with the types that the database has and JSON has not: bigint as a number, dates as ISO strings. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? Number(part) : part));
}

/** A share in percent, to a hundredth. */
export const percent = (share: number): string => `${Number((100 * share).toFixed(2))} %`;

/** A moment to the minute, in UTC: 2026-01-31 12:00. */
export const minute = (date: Date | null, none = '–'): string =>
  date?.toISOString().slice(0, 16).replace('T', ' ') ?? none;

/** Columns under their headings, numbers to the right. */
export function table(headings: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const cells = [headings, ...rows].map((row) => row.map(String));
  const widths = headings.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
  const right = headings.map((_, column) => rows.length > 0 && rows.every((row) => isFigure(String(row[column]))));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => (right[column] ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)))
      .join('  ')
      .trimEnd();
  return [line(cells[0]!), widths.map((width) => '─'.repeat(width)).join('  '), ...cells.slice(1).map(line)].join('\n');
}

const isFigure = (cell: string): boolean => /^(–|([<>] )?[-+−]?\p{Sc}?[\d,]*\.?\d+ ?%?)$/u.test(cell);

/** The metrics that every comparison shows, in its order. */
const comparedMetrics = ['HR@10', 'HR@20', 'HR@50', 'HR@100', 'Recall@50', 'NDCG@10', 'NDCG@50', 'MRR'] as const;

/** Models side by side, by their metrics on one split. */
export function comparison(rows: readonly { name: string; metrics: Record<string, number> }[]): string {
  return table(
    ['model', ...comparedMetrics],
    rows.map(({ name, metrics }) => [name, ...comparedMetrics.map((metric) => metrics[metric]?.toFixed(4) ?? '–')]),
  );
}

/** Running text in lines of at most `width` characters, each after the indent. */
export function paragraph(text: string, indent = '', width = 100): string {
  const lines = [''];
  for (const word of text.split(' ')) {
    const longer = lines.at(-1) === '' ? word : `${lines.at(-1)} ${word}`;
    if (indent.length + longer.length <= width || lines.at(-1) === '') lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines.map((line) => `${indent}${line}`).join('\n');
}
