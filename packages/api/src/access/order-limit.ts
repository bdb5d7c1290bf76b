/** Minor units of a currency's major one: 100 pence, 1 yen. */
function minorOf(currency: string): number {
  try {
    const format = new Intl.NumberFormat('en', { style: 'currency', currency });
    return 10 ** (format.resolvedOptions().maximumFractionDigits ?? 2);
  } catch {
    return 100; // No currency: the event's own check says so.
  }
}

/**
 * The most that an order line may be worth, in minor units, by currency. What is above it is a fault or a forgery, and
 * one of them would make a GMV worthless.
 *
 * @param setting `DUET_ORDER_LIMIT`: major units of any currency, then of single ones: "100000,JPY=15000000"
 */
export function orderLimits(setting: string): (currency: string) => number {
  const [otherwise, ...single] = setting.split(',');
  const limits = new Map(single.map((one) => one.split('=') as [string, string]));
  return (currency) => Number(limits.get(currency) ?? otherwise) * minorOf(currency);
}
