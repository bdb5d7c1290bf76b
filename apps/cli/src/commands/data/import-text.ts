import type { ImportPreview, ImportResult } from '@duet/datasets';

type Answer = ImportResult | ImportPreview;
type Fault = Answer['summary']['rejected']['examples'][number];

const count = (n: number, what: string): string => `${n.toLocaleString('en')} ${n === 1 ? what : `${what}s`}`;

/** How one of the files was understood, and how its rows were used. */
function tableLines([table, mapping]: [string, Answer['mapping'][string]]): string[] {
  const { form, columns, unused, rows, format, delimiter, encoding, guessed, sheet } = mapping;
  const written = [
    form ? `form ${form}` : undefined,
    format,
    delimiter && `delimiter ${JSON.stringify(delimiter)}`,
    encoding && `${encoding}${guessed ? ' (guessed)' : ''}`,
    sheet && `sheet "${sheet}"`,
  ];
  const ignored = Object.entries(rows.ignored).map(([reason, n]) => `  ${count(n, 'row')} ignored: ${reason}`);
  return [
    `${table} (${written.filter(Boolean).join(', ')}): ${count(rows.read, 'row')} read, ${rows.usedPercent} % used`,
    `  ${Object.entries(columns)
      .map(([role, column]) => `${role} = ${column}`)
      .join(', ')}`,
    ...(unused.length > 0 ? [`  not used: ${unused.join(', ')}`] : []),
    ...ignored,
  ];
}

/** Faults by reason, three examples each. */
function faultLines(
  what: string,
  { byReason, examples }: { byReason: Record<string, number>; examples: Fault[] },
): string[] {
  return Object.entries(byReason).flatMap(([reason, n]) => [
    `${count(n, what)}: ${reason}`,
    ...examples
      .filter((one) => one.reason === reason)
      .slice(0, 3)
      .map(({ file, line, column, value }) => `  ${file}:${line}${column && ` ${column}`} ${JSON.stringify(value)}`),
  ]);
}

/** Rows as a table of text. */
function rowLines(title: string, rows: Record<string, unknown>[]): string[] {
  const [first] = rows;
  if (first === undefined) return [];
  const names = Object.keys(first);
  const texts = rows.map((row) => names.map((name) => String(row[name] ?? '').slice(0, 60)));
  const widths = names.map((name, i) => Math.max(name.length, ...texts.map((row) => row[i]!.length)));
  const line = (cells: string[]) =>
    `  ${cells
      .map((cell, i) => cell.padEnd(widths[i]!))
      .join('  ')
      .trimEnd()}`;
  return ['', `${title}:`, line(names), ...texts.map(line)];
}

/** What an import added to a dataset that there was. */
function addedLines(answer: Answer): string[] {
  if (!('datasetId' in answer) || answer.added === undefined) return [];
  const { added, duplicates = 0, addedItems = 0, updatedItems = 0, withdrawnItems = 0 } = answer;
  return [
    `Added: ${count(added, 'interaction')}; ${duplicates} were there already`,
    `Catalogue: ${count(addedItems, 'new item')}, ${updatedItems} changed, ${withdrawnItems} withdrawn`,
  ];
}

/** What an import, or its rehearsal, tells who sits before a terminal. */
export function importText(answer: Answer, rejectedFile?: string): string {
  const { rows, users, items, clock, currency, events, warnings, mapping, summary } = answer;
  const what = `${count(rows, 'interaction')} of ${count(users, 'user')} with ${count(items, 'item')}`;
  const hidden = summary.items.hidden + summary.items.withdrawn;
  const lines = [
    'datasetId' in answer ? `Dataset ${answer.datasetId}: ${what}.` : `Nothing is stored. It would be ${what}.`,
    ...addedLines(answer),
    ...Object.entries(mapping).flatMap(tableLines),
    clock.kind === 'time' ? `Time: ${clock.first} to ${clock.last}` : `Time: none; the order is by ${clock.kind}`,
    `Currency: ${currency.code} (${currency.from})`,
    ...(events.length > 0
      ? [`Events: ${events.map(({ event, rows: n, weight }) => `${event} (${n}) weighs ${weight}`).join(', ')}`]
      : []),
    ...(hidden > 0
      ? [
          `Not shown: ${count(summary.items.hidden, 'hidden item')}, ${summary.items.withdrawn} that the catalogue lacks`,
        ]
      : []),
    ...(summary.items.outOfStock > 0 ? [`Out of stock: ${count(summary.items.outOfStock, 'item')}`] : []),
    ...faultLines('row left out', summary.rejected),
    ...(rejectedFile && answer.rejected > 0 ? [`All of them: ${rejectedFile}`] : []),
    ...faultLines('empty value', summary.emptied),
    ...warnings.map((warning) => `! ${warning}`),
    ...('preview' in answer
      ? Object.entries(answer.preview).flatMap(([table, some]) => rowLines(`The first ${table}`, some))
      : []),
  ];
  return lines.join('\n');
}
