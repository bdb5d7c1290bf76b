/** A number's unit: a share of 1, a count, money in minor units, or a time. */
export type Unit = 'share' | 'count' | 'minor' | 'ms';

const locale = 'en-GB';
const fixed = (value: number, digits: number) =>
  new Intl.NumberFormat(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);

export const formatCount = (value: number): string => fixed(value, 0);
export const formatPercent = (share: number, digits = 1): string => `${fixed(100 * share, digits)} %`.replace('-', '−');

/** With its sign, whichever it is: "+4.2 %", "−0.3 %". */
export const formatChange = (share: number, digits = 1): string =>
  `${share < 0 ? '−' : '+'}${fixed(Math.abs(100 * share), digits)} %`;

/** A confidence level: "95 %", "99.9 %". */
export const formatLevel = (level: number): string => `${Number((100 * level).toFixed(3))} %`;

export const formatProbability = (p: number): string => (p < 0.001 ? '< 0.001' : p > 0.999 ? '> 0.999' : fixed(p, 3));

/** A day as people write it: "9 Dec 2026", in UTC. */
export const formatDay = (iso: string): string =>
  new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' }).format(
    new Date(iso),
  );

/** An amount in a currency's minor unit (pence; yen has none). A code that nobody knows stands behind the number. */
export function formatMoney(minor: number, currency: string): string {
  if (!/^[A-Za-z]{3}$/.test(currency)) return `${fixed(minor / 100, 2)} ${currency}`.trim();
  const format = new Intl.NumberFormat(locale, { style: 'currency', currency });
  return format.format(minor / 10 ** (format.resolvedOptions().maximumFractionDigits ?? 2)).replace('-', '−');
}

/** A metric's value in its own unit. */
export function formatFigure(value: number, unit: Unit, currency: string): string {
  if (unit === 'share') return formatPercent(value, 2);
  if (unit === 'minor') return formatMoney(value, currency);
  return unit === 'ms' ? `${fixed(value, 0)} ms` : fixed(value, 3);
}

/** "a, b and c". */
export const list = (parts: readonly string[]): string =>
  [parts.slice(0, -1).join(', '), parts.at(-1)].filter(Boolean).join(' and ');

/** "p = 0.03" without the p, where a sentence has it: "= 0.03", or "< 0.001". */
export const equalsP = (p: number): string =>
  p < 0.001 || p > 0.999 ? formatProbability(p) : `= ${formatProbability(p)}`;
