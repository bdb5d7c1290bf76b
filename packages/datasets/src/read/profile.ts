import type { ImportSettings } from '../request.ts';
import type { Role } from './forms/form.ts';
import type { Rows } from './rows/rows.ts';
import { currencyOf, decideNumber, type NumberReading, numberProfile } from './values/price.ts';
import { decideTime, type TimeReading, timeProfile } from './values/time.ts';
import type { Row, Workspace } from './workspace/workspace.ts';

/** What the columns of a table are like as a whole: how each is read. */
export interface Profile {
  time: TimeReading | undefined;
  numbers: Partial<Record<Role, NumberReading>>;
  /** Currencies that rows name, by how many, and where. */
  currencies: { code: string; rows: number; from: string }[];
}

const numeric: readonly Role[] = ['price', 'value', 'quantity', 'rating'];

/** DuckDB's JSON of a map of counts. */
const countsOf = (map: unknown): Record<string, number> =>
  Object.fromEntries(
    (Array.isArray(map) ? map : []).flatMap(({ key, value }: { key: string | null; value: string }) =>
      key === null ? [] : [[key, Number(value)]],
    ),
  );

/**
 * Looks at all rows of a table once.
 *
 * @throws DuetError `bad-input` for dates that could be read in two ways
 */
export async function profileRows(workspace: Workspace, rows: Rows, settings: ImportSettings): Promise<Profile> {
  const { roles } = rows;
  const selects: string[] = [];
  const has = (role: Role): boolean => roles[role] !== undefined;
  const unixUnit = rows.factsOf('time')?.unixUnit;
  const isPlain = (role: Role): boolean => rows.factsOf(role)?.isPlainNumber ?? false;
  if (has('time') && unixUnit === undefined) {
    const { kinds, example } = timeProfile(rows.text('time'));
    selects.push(`${kinds} AS time_kinds`, `${example} AS time_example`);
  }
  const numbers = numeric.filter(has);
  for (const role of numbers) {
    if (isPlain(role)) continue;
    for (const [name, sql] of Object.entries(numberProfile(rows.text(role)))) selects.push(`${sql} AS ${role}_${name}`);
  }
  if (has('currency')) selects.push(`histogram(upper(${rows.text('currency')})) AS currency_column`);
  if (has('price') && !isPlain('price')) selects.push(`histogram(${currencyOf(rows.text('price'))}) AS currency_price`);
  const profile: Row =
    selects.length > 0
      ? await workspace.row(`SELECT ${selects.join(', ')} FROM ${rows.source.view} WHERE _broken IS NULL`)
      : {};
  const time = has('time')
    ? decideTime(
        unixUnit === undefined ? countsOf(profile.time_kinds) : { unix: 1 },
        { formats: settings.timeFormats, zone: settings.timeZone },
        { example: profile.time_example as string | null, file: rows.source.files[0]!, column: rows.blamed('time')! },
      )
    : undefined;
  const of = (role: Role, name: string): number => Number(profile[`${role}_${name}`] ?? 0);
  return {
    time: time && { ...time, unixUnit },
    numbers: Object.fromEntries(
      numbers.map((role) => [
        role,
        {
          ...decideNumber(
            { commas: of(role, 'commas'), dots: of(role, 'dots'), odd: of(role, 'odd'), lone: of(role, 'lone') },
            settings.decimal,
          ),
          isBounded: isPlain(role),
        },
      ]),
    ),
    currencies: [
      ...Object.entries(countsOf(profile.currency_column))
        .filter(([code]) => /^[A-Z]{3}$/.test(code))
        .map(([code, n]) => ({ code, rows: n, from: `column ${rows.blamed('currency')}` })),
      ...Object.entries(countsOf(profile.currency_price)).map(([code, n]) => ({
        code,
        rows: n,
        from: `prices in column ${roles.price!.join(' or ')}`,
      })),
    ],
  };
}
