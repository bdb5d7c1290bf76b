import type { Report } from '@duet/experiments';
import { DataTable } from '#components/layout/data-table.tsx';
import { Section } from '#components/layout/section.tsx';
import { Kind } from '#components/models/kind.tsx';
import { formatCount, formatMoney, formatNumber, formatPercent } from '#format.ts';

/** What each arm's shoppers did in all, and what they were answered. */
export function Arms({ report, kinds }: { report: Report; kinds: ReadonlyMap<string, string> }) {
  const { arms, currency, options } = report;
  const users = arms.reduce((sum, arm) => sum + arm.users, 0);
  return (
    <Section title="Arms" flush>
      <DataTable
        caption="Arms"
        rows={arms}
        rowKey={({ id }) => id}
        columns={[
          {
            title: 'Arm',
            rowHeader: true,
            className: 'font-medium',
            cell: ({ name, control }) => (
              <>
                {name}
                {control && <span className="font-normal text-muted"> control</span>}
              </>
            ),
          },
          { title: 'Model', cell: ({ id }) => <Kind kind={kinds.get(id) ?? 'unknown'} /> },
          { title: 'Planned', numeric: true, className: 'text-muted', cell: ({ weight }) => formatPercent(weight, 0) },
          {
            title: 'Shoppers',
            numeric: true,
            cell: (arm) => (
              <>
                {formatCount(arm.users)}
                {users > 0 && <span className="text-muted"> ({formatPercent(arm.users / users)})</span>}
              </>
            ),
          },
          { title: 'Impressions', numeric: true, cell: ({ impressions }) => formatCount(impressions) },
          { title: 'Clicks', numeric: true, cell: ({ clicks }) => formatCount(clicks) },
          { title: 'Orders', numeric: true, cell: ({ orders }) => formatCount(orders) },
          { title: 'GMV', numeric: true, cell: ({ gmvMinor }) => formatMoney(gmvMinor, currency) },
          {
            title: 'Catalogue shown',
            numeric: true,
            cell: ({ served }) =>
              served && served.catalogue > 0 ? formatPercent(served.itemsShown / served.catalogue) : '–',
          },
          {
            title: 'Answer, p99',
            hint: '99 of 100 answers were faster',
            numeric: true,
            cell: ({ served }) => (served?.latencyMs ? `${formatNumber(served.latencyMs.p99, 0)} ms` : '–'),
          },
        ]}
      />
      <p className="border-t border-line px-5 py-3 text-sm text-muted">
        The shopper is the unit: intervals use the delta method for ratios and Welch’s test for differences. A click
        counts within {options.clickWindowHours} hours of the impression, an order within {options.orderWindowDays} days
        of one.
      </p>
    </Section>
  );
}
