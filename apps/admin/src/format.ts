const locale = 'en-GB';

const whole = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
const dayForm = { day: 'numeric', month: 'short', year: 'numeric' } as const;
const dayIn = (timeZone: string) => new Intl.DateTimeFormat(locale, { ...dayForm, timeZone });
const minuteForm = { ...dayForm, hour: '2-digit', minute: '2-digit', timeZoneName: 'short' } as const;
const minuteIn = (timeZone: string) => new Intl.DateTimeFormat(locale, { ...minuteForm, timeZone });

export const formatCount = (n: number | bigint): string => whole.format(n);

export const formatNumber = (n: number, digits: number): string =>
  new Intl.NumberFormat(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(n);

/** A metric between 0 and 1 as the literature prints it: .0812 as 0.0812. */
export const formatMetric = (value: number): string => formatNumber(value, 4);

export const formatPercent = (share: number, digits = 1): string =>
  new Intl.NumberFormat(locale, {
    style: 'percent',
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  }).format(share);

/** A percentage that always shows its sign, a minus as wide as the plus. */
export const formatChange = (share: number, digits = 1): string =>
  new Intl.NumberFormat(locale, {
    style: 'percent',
    signDisplay: 'exceptZero',
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  })
    .format(share)
    .replace('-', '−');

/** An amount of money given in the currency's minor unit (pence, cents; yen has none). */
const moneyIn = (currency: string) => new Intl.NumberFormat(locale, { style: 'currency', currency });

/** Decimal places of a currency's minor unit: 2 for GBP, 0 for JPY. */
export const minorUnits = (currency: string): number => moneyIn(currency).resolvedOptions().maximumFractionDigits ?? 2;

export const formatMoney = (minor: number, currency: string): string =>
  moneyIn(currency).format(minor / 10 ** minorUnits(currency));

export function formatBytes(bytes: number | bigint): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let size = Number(bytes);
  let unit = 0;
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit++;
  }
  return `${formatNumber(size, unit === 0 || size >= 100 ? 0 : 1)} ${units[unit]}`;
}

/** A latency given in microseconds. */
export const formatMicros = (us: number): string =>
  us < 1000 ? `${formatNumber(us, 0)} µs` : `${formatNumber(us / 1000, us < 100_000 ? 1 : 0)} ms`;

export function formatDuration(ms: number): string {
  if (ms < 1000) return `${formatNumber(ms, 0)} ms`;
  const seconds = ms / 1000;
  if (seconds < 60) return `${formatNumber(seconds, 1)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** A day in a time zone; of a server's page UTC, for the server's and the browser's zones may differ. */
export const formatDay = (date: Date, timeZone = 'UTC'): string => dayIn(timeZone).format(date);
/** Date and time with the zone's name. */
export const formatTime = (date: Date, timeZone = 'UTC'): string => minuteIn(timeZone).format(date);

export function formatAgo(date: Date, now: Date): string {
  const seconds = Math.max(0, (now.getTime() - date.getTime()) / 1000);
  if (seconds < 60) return 'just now';
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'always' });
  if (seconds < 3600) return relative.format(-Math.floor(seconds / 60), 'minute');
  if (seconds < 86_400) return relative.format(-Math.floor(seconds / 3600), 'hour');
  return relative.format(-Math.floor(seconds / 86_400), 'day');
}
