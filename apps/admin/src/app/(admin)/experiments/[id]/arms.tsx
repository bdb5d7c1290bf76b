import type { Report } from '@duet/experiments';
import { Kind } from '#components/kind.tsx';
import { Section } from '#components/section.tsx';
import { formatCount, formatMoney, formatNumber, formatPercent } from '#format.ts';

/** What each arm's shoppers did in all, and what they were answered. */
export function Arms({ report, kinds }: { report: Report; kinds: Map<string, string> }) {
  const { arms, currency, options } = report;
  const users = arms.reduce((sum, arm) => sum + arm.users, 0);
  return (
    <Section title="Arms" flush>
      <table className="data">
        <caption className="sr-only">Arms</caption>
        <thead>
          <tr>
            <th scope="col">Arm</th>
            <th scope="col">Model</th>
            {['Planned', 'Shoppers', 'Impressions', 'Clicks', 'Orders', 'GMV', 'Catalogue shown'].map((title) => (
              <th key={title} scope="col" className="num">
                {title}
              </th>
            ))}
            <th scope="col" className="num">
              <abbr title="99 of 100 answers were faster">Answer, p99</abbr>
            </th>
          </tr>
        </thead>
        <tbody>
          {arms.map((arm) => (
            <tr key={arm.id}>
              <th scope="row" className="font-medium">
                {arm.name}
                {arm.control && <span className="font-normal text-muted"> control</span>}
              </th>
              <td>
                <Kind kind={kinds.get(arm.modelId) ?? 'unknown'} />
              </td>
              <td className="num text-muted">{formatPercent(arm.weight, 0)}</td>
              <td className="num">
                {formatCount(arm.users)}
                {users > 0 && <span className="text-muted"> ({formatPercent(arm.users / users)})</span>}
              </td>
              <td className="num">{formatCount(arm.impressions)}</td>
              <td className="num">{formatCount(arm.clicks)}</td>
              <td className="num">{formatCount(arm.orders)}</td>
              <td className="num">{formatMoney(arm.gmvMinor, currency)}</td>
              <td className="num">
                {arm.served && arm.served.catalogue > 0
                  ? formatPercent(arm.served.itemsShown / arm.served.catalogue)
                  : '–'}
              </td>
              <td className="num">{arm.served?.latencyMs ? `${formatNumber(arm.served.latencyMs.p99, 0)} ms` : '–'}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p className="border-t border-line px-5 py-3 text-sm text-muted">
        The shopper is the unit: intervals use the delta method for ratios and Welch’s test for differences. A click
        counts within {options.clickWindowHours} hours of the impression, an order within {options.orderWindowDays} days
        of one.
      </p>
    </Section>
  );
}
