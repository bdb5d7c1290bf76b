/** How the numbers of a column are written: what only the column as a whole can tell. */
export interface NumberReading {
  /** The decimal mark; `row` where rows have either, so that three digits behind a lone mark are thousands. */
  decimal: '.' | ',' | 'row';
  /** Whether every number is plain, so that the database reads it by itself. */
  plain: boolean;
  /** Whether every text is known to be a finite number, or empty. */
  isBounded?: boolean;
}

/** What may stand beside a price: a sign, a code, or a word such as kr. */
const currencyText = '(?:[A-Z]{0,2}\\p{Sc}|[A-Z]{2,3}|[円元]|kr\\.?|Kr\\.?|zł|Kč|Ft|lei|Rs\\.?|лв\\.?|руб\\.?|р\\.)';
const amount = "[0-9](?:[0-9., '’\\x{a0}\\x{202f}\\x{2009}]*[0-9])?[.,]?-?";
/** Blanks, also those that do not break a line. */
const blanks = '[\\s\\x{a0}\\x{202f}\\x{2009}]*';
const price = `^\\(?${blanks}[-+]?${blanks}${currencyText}?${blanks}[-+]?${blanks}(?:${amount}|[.,][0-9]+)${blanks}${currencyText}?${blanks}\\)?$`;

const digitsOf = (t: string): string => `regexp_replace(${t}, '[^0-9.,]', '', 'g')`;

const commaDecimal =
  '^[0-9.]*,(?:[0-9]{1,2}|[0-9]{4,})$|\\.[0-9]{3},[0-9]+$|^[0-9]{1,3}(?:\\.[0-9]{3}){2,}$|^0,[0-9]+$';
const dotDecimal =
  '^[0-9,]*\\.(?:[0-9]{1,2}|[0-9]{4,})$|,[0-9]{3}\\.[0-9]+$|^[0-9]{1,3}(?:,[0-9]{3}){2,}$|^0?\\.[0-9]+$';

/** SQL for what {@link decideNumber} needs to know of a column. */
export function numberProfile(t: string): { commas: string; dots: string; odd: string; lone: string } {
  const d = digitsOf(t);
  const odd = `(contains(${t}, ',') OR try_cast(${t} AS DOUBLE) IS NULL)`;
  return {
    /** Rows that must have a decimal comma, and those that must have a point. */
    commas: `count(*) FILTER (${odd} AND regexp_matches(${d}, '${commaDecimal}'))::DOUBLE`,
    dots: `count(*) FILTER (regexp_matches(${d}, '${dotDecimal}'))::DOUBLE`,
    /** Rows that are no plain number. */
    odd: `count(*) FILTER (${odd})::DOUBLE`,
    /** Rows with a lone comma before three digits. */
    lone: `count(*) FILTER (${odd} AND regexp_matches(${d}, '^[0-9]{1,3},[0-9]{3}$'))::DOUBLE`,
  };
}

/** How a column is read. `given` is the decimal mark that is asked for. */
export function decideNumber(
  { commas, dots, odd, lone }: { commas: number; dots: number; odd: number; lone: number },
  given?: '.' | ',',
): NumberReading {
  if (given) return { decimal: given, plain: given === '.' && odd === 0 };
  if (commas > 0) return { decimal: dots > 0 ? 'row' : ',', plain: false };
  return { decimal: lone > 0 && dots === 0 ? 'row' : '.', plain: odd === 0 };
}

/** SQL for a number of a text, in any notation, with or without a currency; NULL where there is none. */
export function numberOf(t: string, { decimal, plain, isBounded }: NumberReading): string {
  const cast = `try_cast(${t} AS DOUBLE)`;
  if (plain) return isBounded ? cast : `CASE WHEN isfinite(${cast}) THEN ${cast} END`;
  const d = digitsOf(t);
  const point = `replace(${d}, ',', '')`;
  const comma = `replace(replace(${d}, '.', ''), ',', '.')`;
  const either = `CASE WHEN regexp_matches(${d}, '${dotDecimal}') THEN ${point}
    WHEN regexp_matches(${d}, '${commaDecimal}') THEN ${comma} ELSE regexp_replace(${d}, '[.,]', '', 'g') END`;
  const digits = decimal === 'row' ? either : decimal === ',' ? comma : point;
  const sign = `CASE WHEN regexp_matches(${t}, '^\\(.*\\)$|^[^0-9]*-') THEN -1 ELSE 1 END`;
  const written = `CASE WHEN regexp_matches(${t}, '${price.replaceAll("'", "''")}') THEN ${sign} * try_cast(${digits} AS DOUBLE) END`;
  // An exponent is written by programs alone.
  return decimal === '.' ? `coalesce(CASE WHEN isfinite(${cast}) THEN ${cast} END, ${written})` : written;
}

/** The longer first: `US$` ends in `S$`. */
const signs = {
  US$: 'USD',
  CA$: 'CAD',
  AU$: 'AUD',
  NZ$: 'NZD',
  HK$: 'HKD',
  MX$: 'MXN',
  'CN¥': 'CNY',
  R$: 'BRL',
  A$: 'AUD',
  C$: 'CAD',
  S$: 'SGD',
  '€': 'EUR',
  '£': 'GBP',
  '¥': 'JPY',
  円: 'JPY',
  元: 'CNY',
  $: 'USD',
  '₹': 'INR',
  '₩': 'KRW',
  '₽': 'RUB',
  '₺': 'TRY',
  zł: 'PLN',
  Kč: 'CZK',
};

/** SQL for the currency that a price names, by code or sign. */
export const currencyOf = (t: string): string =>
  `CASE WHEN regexp_matches(${t}, '\\b[A-Z]{3}\\b') THEN regexp_extract(${t}, '\\b([A-Z]{3})\\b', 1)
    ${Object.entries(signs)
      .map(([sign, code]) => `WHEN contains(${t}, '${sign}') THEN '${code}'`)
      .join(' ')} END`;
