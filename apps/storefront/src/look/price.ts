/**
 * An amount in minor units (pence, cents, yen) as shoppers read it, such as `£2.95`.
 * How many minor units make one is the currency's own number (ISO 4217), which Intl knows.
 */
export function formatPrice(minor: number, currency: string): string {
  const format = new Intl.NumberFormat('en-GB', { style: 'currency', currency });
  return format.format(minor / 10 ** (format.resolvedOptions().maximumFractionDigits ?? 2));
}
