import { DuetError } from '@duet/base';
import { literal } from '../workspace/workspace.ts';

/** What is asked of times; without it a column tells by itself. */
export interface TimeOptions {
  /** Formats of strptime, or names: {@link NamedFormat}. Tried in their order, before all others. */
  formats: readonly string[];
  /** IANA zone of times that say none. */
  zone: string;
}

/** Names that stand for formats. */
type NamedFormat = 'unix' | 'unix-ms' | 'excel' | 'year' | 'iso' | 'dmy' | 'mdy';

/** How the texts of a time column are read: what only the column as a whole can tell. */
export interface TimeReading {
  /** `01/02/2024`: the day first, the month first, or refused. */
  order: 'day' | 'month' | 'unknown';
  /**
   * What a number is that may be several things: 2023 a year, 45291.5 a day of Excel, 7 seconds of Unix (only where
   * asked).
   */
  number: 'year' | 'excel' | 'unix' | undefined;
  /** Numbers too small for a moment: they give an order, and no clock. */
  isSequence: boolean;
  /**
   * Whether some texts are neither numbers nor as databases write them: reading those costs much, even with few rows.
   */
  isWritten: boolean;
  /** Units of a second, where all texts are known to be Unix times in that unit. */
  unixUnit?: number | undefined;
}

/** Kinds of time that a text may be. */
const kinds = [
  'compact', // 20231231, 20231231140500
  'unix', // seconds, milli-, micro- or nanoseconds from 1973 to 2200
  'year',
  'excel',
  'number', // any other
  'dayFirst', // 31/12/2023
  'monthFirst', // 12/31/2023
  'either', // 01/02/2023
  'stamp', // 2023-12-31 14:05:00, as databases write it
  'text',
] as const;
type Kind = (typeof kinds)[number];

const numericDate = '^(\\d{1,2})[-/](\\d{1,2})[-/](\\d{4}|\\d{2})(\\D.*)?$';
const compactDate = '^(?:19|20)\\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\\d|3[01])';
const compactTime = '(?:[01]\\d|2[0-3])[0-5]\\d(?:[0-5]\\d)?$';

const isCompact = (t: string): string =>
  `(length(${t}) = 8 AND regexp_matches(${t}, '${compactDate}$') OR length(${t}) IN (12, 14) AND regexp_matches(${t}, '${compactDate}${compactTime}'))`;

/** Unix time in any unit, by its size: seconds from 1973, milliseconds to nanoseconds up to 2200. */
const isUnix = (v: string): string =>
  `(${v} BETWEEN 1e8 AND 1e11 OR ${v} BETWEEN 1e11 AND 7.3e12 OR ${v} BETWEEN 1e14 AND 7.3e15 OR ${v} BETWEEN 1e17 AND 7.3e18)`;

/** SQL for Unix seconds of a text as databases write it; NULL for any other. */
const stampSeconds = (t: string): string =>
  `CASE WHEN ${t}[5] = '-' AND ${t}[8] = '-' THEN epoch(try_cast(${t} AS TIMESTAMPTZ)) END`;

/** SQL for the kind of a text. */
function kindOf(t: string): string {
  const v = `try_cast(${t} AS DOUBLE)`;
  const first = `regexp_extract(${t}, '${numericDate}', 1)::INTEGER`;
  const second = `regexp_extract(${t}, '${numericDate}', 2)::INTEGER`;
  return `CASE WHEN ${t} IS NULL THEN NULL
    WHEN ${v} IS NOT NULL THEN CASE
      WHEN ${isCompact(t)} THEN 'compact' WHEN ${isUnix(v)} THEN 'unix'
      WHEN length(${t}) = 4 AND ${v} BETWEEN 1900 AND 2100 THEN 'year'
      WHEN ${v} BETWEEN 20000 AND 73050 AND (length(${t}) = 5 OR ${t}[6] = '.') THEN 'excel' ELSE 'number' END
    WHEN ${stampSeconds(t)} IS NOT NULL THEN 'stamp'
    WHEN NOT regexp_matches(${t}, '${numericDate}') THEN 'text'
    WHEN ${first} = ${second} THEN 'text'
    WHEN ${first} > 12 THEN 'dayFirst' WHEN ${second} > 12 THEN 'monthFirst' ELSE 'either' END`;
}

/**
 * SQL for what {@link decideTime} needs to know of a column: kinds with their numbers of rows, and a date of two
 * readings.
 */
export const timeProfile = (t: string): { kinds: string; example: string } => ({
  kinds: `histogram(${kindOf(t)})`,
  example: `min(${t}) FILTER (${kindOf(t)} = 'either')`,
});

/**
 * How a column is read, by the kinds of its texts.
 *
 * @throws DuetError `bad-input` showing both readings where every date of the column has two
 */
export function decideTime(
  counts: Partial<Record<string, number>>,
  { formats }: TimeOptions,
  { example, file, column }: { example: string | null; file: string; column: string },
): TimeReading {
  const count = (kind: Kind): number => counts[kind] ?? 0;
  const all = kinds.reduce((sum, kind) => sum + count(kind), 0);
  const nearlyAll = (n: number): boolean => n > 0 && n >= 0.95 * all;
  const asked = (name: NamedFormat): boolean => formats.includes(name);
  const number =
    asked('unix') || asked('unix-ms') ? 'unix' : asked('excel') || nearlyAll(count('excel')) ? 'excel' : undefined;
  const [day, month] = [count('dayFirst'), count('monthFirst')];
  let order: TimeReading['order'] = 'unknown';
  if (asked('dmy') || asked('mdy')) order = asked('dmy') ? 'day' : 'month';
  else if (day > 0 !== month > 0) order = day > 0 ? 'day' : 'month';
  else if (count('either') > 0 && day === 0 && formats.length === 0) {
    const [, a, b, year] = new RegExp(numericDate).exec(example ?? '') ?? [];
    const names = new Intl.DateTimeFormat('en', { month: 'long', timeZone: 'UTC' });
    const dateText = (d: string, m: string) => `${Number(d)} ${names.format(Date.UTC(2000, Number(m) - 1, 1))} ${year}`;
    throw new DuetError(
      'bad-input',
      `"${example}" may be ${dateText(a!, b!)} or ${dateText(b!, a!)}, and no other date of the column tells.`,
      { where: { file, column }, fix: 'Say which with --time-format dmy or --time-format mdy.' },
    );
  }
  const sequence = number === undefined && count('unix') + count('compact') === 0;
  return {
    order,
    number: number ?? (asked('year') || nearlyAll(count('year')) ? 'year' : undefined),
    isSequence:
      sequence &&
      !asked('year') &&
      !nearlyAll(count('year')) &&
      nearlyAll(count('number') + count('year') + count('excel')),
    isWritten: count('text') + count('dayFirst') + count('monthFirst') + count('either') > 0,
  };
}

/** Offsets of the zones that RFC 2822 names, in hours. */
const namedZones = { EST: -5, EDT: -4, CST: -6, CDT: -5, MST: -7, MDT: -6, PST: -8, PDT: -7, CET: 1, CEST: 2, BST: 1 };
const zonePattern = `(?:UTC|GMT)?[+-]\\d{2}:?\\d{2}|[+-]\\d{2}|Z|UTC|GMT|${Object.keys(namedZones).join('|')}`;
/** A clock, and the zone behind it. */
const zoned = `(:\\d{2}(?:[.,]\\d+)?(?:\\s*[AaPp]\\.?[Mm]\\.?)?)\\s*(${zonePattern})(?:\\s+(?:UTC|GMT|[A-Z]{3,4}))?(?:\\s*\\([^)]*\\))?`;

/** What names of months begin with, in English, German, French, Spanish, Italian, Portuguese and Dutch. */
const months: [string, number][] = [
  ['jan ene gen', 'feb fev fév', 'mar mär mrz mrt maa', 'apr avr abr', 'may mai mag mei', 'jun jui giu'],
  ['jul lug', 'aug aou aoû ago', 'sep set', 'oct okt ott out', 'nov', 'dec dez déc dic'],
]
  .flat()
  .flatMap((names, at) => names.split(' ').map((name): [string, number] => [name, at + 1]));

/**
 * SQL for the clock of a day, `14:05:00.123`, of text such as `2:05 PM`; midnight of none, NULL of what is no clock.
 */
function clockOf(rest: string): string {
  const part = (place: number) => `regexp_extract(${rest}, '${clock}', ${place})`;
  const clock = '^(\\d{1,2})[:.](\\d{2})(?:[:.](\\d{2}))?(?:[.,:](\\d{1,9}))?\\s*([AaPp]?)\\.?[Mm]?\\.?$';
  const hour = `try_cast(${part(1)} AS INTEGER) % CASE WHEN ${part(5)} = '' THEN 24 ELSE 12 END + CASE WHEN lower(${part(5)}) = 'p' THEN 12 ELSE 0 END`;
  return `CASE WHEN coalesce(${rest}, '') = '' THEN '00:00:00'
    WHEN regexp_matches(${rest}, '${clock}') AND try_cast(${part(1)} AS INTEGER) < 24 THEN
      (${hour})::VARCHAR || ':' || ${part(2)} || ':' || CASE ${part(3)} WHEN '' THEN '00' ELSE ${part(3)} END
      || CASE ${part(4)} WHEN '' THEN '' ELSE '.' || left(${part(4)}, 6) END END`;
}

/** SQL for a timestamp of texts of its parts; NULL where there is no such day. */
const stamp = (year: string, month: string, day: string, rest: string): string =>
  `try_cast((CASE WHEN length(${year}) = 2 THEN CASE WHEN ${year} < '70' THEN '20' ELSE '19' END || ${year} ELSE ${year} END)
    || '-' || ${month} || '-' || ${day} || ' ' || ${clockOf(rest)} AS TIMESTAMP)`;

/** SQL for the timestamp, in no zone, of a text that has lost its zone. */
function civil(body: string, { order }: TimeReading): string {
  const of = (pattern: string) => (place: number) => `regexp_extract(${body}, '${pattern}', ${place})`;
  const names = `[${months.map(([name]) => literal(name))}]`;
  const start = (name: string) => `lower(left(${name}, 3))`;
  // The French juin and juillet begin alike.
  const monthOf = (name: string) =>
    `([${months.map(([, month]) => month)}][list_position(${names}, ${start(name)})]
      + CASE WHEN lower(left(${name}, 4)) = 'juil' THEN 1 ELSE 0 END)::VARCHAR`;
  const isMonth = (name: string) => `list_contains(${names}, ${start(name)})`;
  const rest = '(?:(?:[T ,:]|at )+(.*))?$';
  const iso = `^(\\d{4})[-/.](\\d{1,2})(?:[-/.](\\d{1,2}))?${rest}`;
  const dotted = `^(\\d{1,2})\\.\\s?(\\d{1,2})\\.\\s?(\\d{4}|\\d{2})${rest}`;
  const slashed = `^(\\d{1,2})[-/](\\d{1,2})[-/](\\d{4}|\\d{2})${rest}`;
  const dayName = `^(\\d{1,2})(?:st|nd|rd|th|er|º)?[-/ .]+(?:de )?(\\p{L}{3,10})\\.?[-/ ,.]+(?:de )?(\\d{4}|\\d{2})${rest}`;
  const nameDay = `^([A-Za-z]{3,9})\\.?[-/ ]+(\\d{1,2})(?:st|nd|rd|th)?,?[-/ ]+(\\d{4})${rest}`;
  const yearName = `^(\\d{4})[-/ .]+(\\p{L}{3,10})\\.?[-/ .]+(\\d{1,2})${rest}`;
  const unixDate = '^([A-Za-z]{3}) +(\\d{1,2}) ([\\d:]+)(?: [A-Z]{3,4})? (\\d{4})$';
  const [a, b] = [`${of(slashed)(1)}`, `${of(slashed)(2)}`];
  // A date that can be read in one way alone is read in that.
  const dayFirst = `${a}::INTEGER > 12${order === 'day' ? ` OR ${b}::INTEGER <= 12` : ''}`;
  const known =
    order === 'unknown' ? `(${a}::INTEGER > 12 OR ${b}::INTEGER > 12 OR ${a}::INTEGER = ${b}::INTEGER)` : 'true';
  return `CASE
    WHEN regexp_matches(${body}, '${iso}') THEN ${stamp(of(iso)(1), of(iso)(2), `CASE ${of(iso)(3)} WHEN '' THEN '1' ELSE ${of(iso)(3)} END`, of(iso)(4))}
    WHEN regexp_matches(${body}, '${dotted}') THEN ${stamp(of(dotted)(3), of(dotted)(2), of(dotted)(1), of(dotted)(4))}
    WHEN regexp_matches(${body}, '${slashed}') THEN CASE WHEN ${known} THEN
      CASE WHEN ${dayFirst} THEN ${stamp(of(slashed)(3), b, a, of(slashed)(4))} ELSE ${stamp(of(slashed)(3), a, b, of(slashed)(4))} END END
    WHEN regexp_matches(${body}, '${dayName}') AND ${isMonth(of(dayName)(2))} THEN ${stamp(of(dayName)(3), monthOf(of(dayName)(2)), of(dayName)(1), of(dayName)(4))}
    WHEN regexp_matches(${body}, '${nameDay}') AND ${isMonth(of(nameDay)(1))} THEN ${stamp(of(nameDay)(3), monthOf(of(nameDay)(1)), of(nameDay)(2), of(nameDay)(4))}
    WHEN regexp_matches(${body}, '${yearName}') AND ${isMonth(of(yearName)(2))} THEN ${stamp(of(yearName)(1), monthOf(of(yearName)(2)), of(yearName)(3), of(yearName)(4))}
    WHEN regexp_matches(${body}, '${unixDate}') AND ${isMonth(of(unixDate)(1))} THEN ${stamp(of(unixDate)(4), monthOf(of(unixDate)(1)), of(unixDate)(2), of(unixDate)(3))}
    END`;
}

/** SQL for the seconds of a zone's offset. */
function offsetOf(zone: string): string {
  const named = Object.entries(namedZones).map(([name, hours]) => `WHEN '${name}' THEN ${hours * 3600}`);
  const digits = `regexp_replace(${zone}, '[^-+0-9]', '', 'g')`;
  return `CASE ${zone} ${named.join(' ')} WHEN 'Z' THEN 0 WHEN 'UTC' THEN 0 WHEN 'GMT' THEN 0
    ELSE (CASE WHEN left(${digits}, 1) = '-' THEN -1 ELSE 1 END)
      * (substr(${digits}, 2, 2)::INTEGER * 3600 + coalesce(try_cast(substr(${digits}, 4, 2) AS INTEGER), 0) * 60) END`;
}

/** SQL for the Unix seconds of a timestamp in no zone. */
const secondsOf = (timestamp: string, zone: string): string =>
  zone === 'UTC' ? `epoch(${timestamp})` : `epoch(timezone(${literal(zone)}, ${timestamp}))`;

/** SQL for Unix seconds of a text by the formats that are asked for. */
function byFormats(t: string, { formats, zone }: TimeOptions): string[] {
  return formats.flatMap((format) => {
    if (!format.includes('%')) return [];
    const parsed = `try_strptime(${t}, ${literal(format)})`;
    return [/%z/i.test(format) ? `epoch(${parsed})` : secondsOf(parsed, zone)];
  });
}

/** SQL for Unix seconds of a text as people and their programs write it; NULL where it cannot be read. */
function writtenSeconds(t: string, reading: TimeReading, zone: string): string {
  // `20231231T140500Z` as `2023-12-31 14:05:00Z`, `Sun, 31 Dec` as `31 Dec`.
  const basic = `regexp_replace(${t}, '^(\\d{4})(\\d{2})(\\d{2})T(\\d{2}):?(\\d{2}):?(\\d{2})', '\\1-\\2-\\3 \\4:\\5:\\6')`;
  const plain = `regexp_replace(${basic}, '^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*\\.?,?\\s+', '')`;
  const hasZone = `regexp_matches(${plain}, '${zoned}')`;
  const local = civil(`regexp_replace(${plain}, '${zoned}', '\\1')`, reading);
  return `CASE WHEN ${hasZone} THEN epoch(${local}) - (${offsetOf(`regexp_extract(${plain}, '${zoned}', 2)`)})
    ELSE ${secondsOf(local, zone)} END`;
}

/** SQL for Unix seconds of a column's text; NULL where it cannot be read. */
export function unixSeconds(t: string, reading: TimeReading, options: TimeOptions): string {
  const { zone, formats } = options;
  const v = `try_cast(${t} AS DOUBLE)`;
  const scaled = `CASE WHEN ${v} < 1e11 THEN ${v} WHEN ${v} < 1e14 THEN ${v} / 1e3 WHEN ${v} < 1e17 THEN ${v} / 1e6 ELSE ${v} / 1e9 END`;
  const compact = `try_strptime(rpad(${t}, 14, '0'), '%Y%m%d%H%M%S')`;
  const ambiguous = {
    year: `WHEN ${v} BETWEEN 1900 AND 2100 AND ${v} = floor(${v}) THEN ${secondsOf(`make_timestamp(${v}::BIGINT, 1, 1, 0, 0, 0)`, zone)}`,
    excel: `WHEN ${v} BETWEEN 1 AND 73050 THEN ${secondsOf(`make_timestamp((round((${v} - 25569) * 86400) * 1e6)::BIGINT)`, zone)}`,
    unix: `WHEN isfinite(${v}) THEN ${formats.includes('unix-ms') ? `${v} / 1e3` : v}`,
  };
  const number = `CASE ${reading.number === 'unix' ? ambiguous.unix : ''}
    WHEN ${isUnix(v)} AND NOT ${isCompact(t)} THEN ${scaled} WHEN ${isCompact(t)} THEN ${secondsOf(compact, zone)}
    ${reading.number && reading.number !== 'unix' ? ambiguous[reading.number] : ''} END`;
  const text = reading.isWritten
    ? `coalesce(${stampSeconds(t)}, ${writtenSeconds(t, reading, zone)})`
    : stampSeconds(t);
  const inUnits = reading.number === 'unix' ? undefined : reading.unixUnit;
  const automatic =
    inUnits !== undefined
      ? `try_cast(${t} AS DOUBLE) / ${inUnits}`
      : `CASE WHEN ${v} IS NOT NULL THEN ${number} ELSE ${text} END`;
  const asked = byFormats(t, options);
  return asked.length > 0 ? `coalesce(${[...asked, automatic]})` : automatic;
}
