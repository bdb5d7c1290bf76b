import type { Metadata } from 'next/types';
import { ByDay } from '#components/charts/by-day.tsx';
import { armColors } from '#components/experiments/arm-colors.ts';
import { DataTable } from '#components/layout/data-table.tsx';
import { Notice } from '#components/layout/notice.tsx';
import { Section } from '#components/layout/section.tsx';
import { Dot } from '#components/states/dot.tsx';
import { armKinds, experimentOf } from '#data/experiments/experiments.ts';
import { findReport } from '#data/experiments/reports.ts';
import { formatCount, formatDay, formatMoney, formatPercent } from '#format.ts';
import type { PageQuery } from '#page-query.ts';
import { showLift, shownMetric, showRange } from '../metric.ts';
import { readReportQuery } from '../report-query.ts';

export const metadata: Metadata = { title: 'Days' };

interface DaysPageProps {
  params: Promise<{ dataset: string; id: string }>;
  searchParams: PageQuery;
}

export default async function DaysPage({ params, searchParams }: DaysPageProps) {
  const experiment = await experimentOf(params);
  const reportQuery = await readReportQuery(searchParams);
  const { value: report, problem } = await findReport(experiment.id, { ...reportQuery, breakdowns: false });
  if (report === undefined) {
    return (
      <Notice tone="problem" title="There is no report.">
        {problem}
      </Notice>
    );
  }
  const { arms, days, series, currency } = report;
  if (days.length === 0) return <Notice title="No day yet.">The first exposure begins the first one.</Notice>;
  const metric = shownMetric(report, reportQuery.metric);
  const colors = armColors(arms, armKinds(experiment.arms));
  const drawn = arms.map(({ id, name }) => ({ name, color: colors.get(id)! }));
  const armOf = (armId: string) => arms.find(({ id }) => id === armId)!;
  const byDay = [...Map.groupBy(days, ({ day }) => day)];
  const rowsOf = (value: (day: (typeof days)[number]) => number | null) =>
    byDay.map(([day, rows]) => ({
      day,
      ...Object.fromEntries(rows.map((row) => [armOf(row.armId).name, value(row)])),
    }));
  const liftOn = (day: string, armId: string) =>
    series
      .find((line) => line.armId === armId && line.metric === metric.key)
      ?.points.find((point) => point.day === day);
  return (
    <div className="space-y-6">
      <div className="grid gap-6 xl:grid-cols-2">
        <Section title="Click-through rate" note="Each day alone, by its impressions and clicks.">
          <ByDay
            label="Click-through rate of each arm by day"
            rows={rowsOf(({ ctr }) => ctr)}
            arms={drawn}
            unit="share"
          />
        </Section>
        <Section title="GMV" note="Orders of each day, in all.">
          <ByDay
            label="GMV of each arm by day"
            rows={rowsOf(({ gmvMinor }) => gmvMinor)}
            arms={drawn}
            unit={{ currency }}
          />
        </Section>
      </div>
      <Section title="Day by day" note={`The lift is that of the ${metric.title} with everything up to the day.`} flush>
        <DataTable
          caption="Day by day"
          className="min-w-[60rem]"
          rows={byDay.flatMap(([, rows]) =>
            rows.map((row, place) => ({ ...row, span: place === 0 ? rows.length : 0 })),
          )}
          rowKey={({ day, armId }) => `${day} ${armId}`}
          columns={[
            {
              title: 'Day (UTC)',
              rowHeader: true,
              span: ({ span }) => span,
              className: 'align-top! font-medium whitespace-nowrap',
              cell: ({ day }) => formatDay(new Date(day)),
            },
            {
              title: 'Arm',
              className: 'pl-3! whitespace-nowrap',
              cell: ({ armId }) => (
                <span className="inline-flex items-center gap-2">
                  <Dot color={colors.get(armId)} />
                  {armOf(armId).name}
                </span>
              ),
            },
            { title: 'New shoppers', numeric: true, cell: ({ users }) => formatCount(users) },
            { title: 'Impressions', numeric: true, cell: ({ impressions }) => formatCount(impressions) },
            { title: 'Clicks', numeric: true, cell: ({ clicks }) => formatCount(clicks) },
            { title: 'CTR', numeric: true, cell: ({ ctr }) => (ctr === null ? '–' : formatPercent(ctr, 2)) },
            { title: 'Orders', numeric: true, cell: ({ orders }) => formatCount(orders) },
            { title: 'GMV', numeric: true, cell: ({ gmvMinor }) => formatMoney(gmvMinor, currency) },
            {
              title: 'Lift so far',
              numeric: true,
              className: 'font-semibold',
              cell: ({ day, armId }) => !armOf(armId).control && showLift(liftOn(day, armId)?.relative.value),
            },
            {
              title: 'Confidence sequence',
              className: 'whitespace-nowrap text-muted',
              cell: ({ day, armId }) => {
                const lift = liftOn(day, armId);
                return !armOf(armId).control && lift && showRange(lift.sequence);
              },
            },
          ]}
        />
      </Section>
    </div>
  );
}
