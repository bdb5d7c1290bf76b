import { notFound } from 'next/navigation';
import type { Metadata } from 'next/types';
import { armColors } from '#components/arm-colors.ts';
import { ByDay } from '#components/charts/by-day.tsx';
import { Notice } from '#components/notice.tsx';
import { Section } from '#components/section.tsx';
import { findExperiment } from '#data/experiments.ts';
import { findReport } from '#data/reports.ts';
import { formatCount, formatDay, formatMoney, formatPercent } from '#format.ts';
import type { PageQuery } from '#page-query.ts';
import { routeId } from '#route-id.ts';
import { askedOf } from '../asked.ts';
import { showLift, shownMetric, showRange } from '../metric.ts';

export const metadata: Metadata = { title: 'Experiment by day' };

interface DaysPageProps {
  params: Promise<{ id: string }>;
  searchParams: PageQuery;
}

export default async function DaysPage({ params, searchParams }: DaysPageProps) {
  const experiment = await findExperiment(await routeId(params));
  if (experiment === null) notFound();
  const asked = await askedOf(searchParams);
  const { value: report, problem } = await findReport(experiment.id, { ...asked, breakdowns: false });
  if (report === undefined) {
    return (
      <Notice tone="problem" title="There is no report.">
        {problem}
      </Notice>
    );
  }
  const { arms, days, series, currency } = report;
  if (days.length === 0) return <Notice title="No day yet.">The first exposure begins the first one.</Notice>;
  const metric = shownMetric(report, asked.metric);
  const colors = armColors(arms, new Map(experiment.arms.map(({ modelId, model }) => [modelId, model.kind])));
  const drawn = arms.map(({ id, name }) => ({ name, color: colors.get(id)! }));
  const byDay = [...Map.groupBy(days, ({ day }) => day)];
  const rowsOf = (value: (day: (typeof days)[number]) => number | null) =>
    byDay.map(([day, own]) => ({
      day,
      ...Object.fromEntries(own.map((row) => [arms.find(({ id }) => id === row.armId)!.name, value(row)])),
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
        <table className="data min-w-[60rem]">
          <caption className="sr-only">Day by day</caption>
          <thead>
            <tr>
              <th scope="col">Day (UTC)</th>
              <th scope="col">Arm</th>
              {['New shoppers', 'Impressions', 'Clicks', 'CTR', 'Orders', 'GMV', 'Lift so far'].map((title) => (
                <th key={title} scope="col" className="num">
                  {title}
                </th>
              ))}
              <th scope="col">Confidence sequence</th>
            </tr>
          </thead>
          <tbody>
            {byDay.map(([day, own]) =>
              own.map((row, place) => {
                const { id, name, control } = arms.find((arm) => arm.id === row.armId)!;
                const lift = liftOn(day, id);
                return (
                  <tr key={`${day} ${id}`}>
                    {place === 0 && (
                      <th scope="rowgroup" rowSpan={own.length} className="align-top! font-medium whitespace-nowrap">
                        {formatDay(new Date(day))}
                      </th>
                    )}
                    <td className="pl-3! whitespace-nowrap">
                      <span className="inline-flex items-center gap-2">
                        <span
                          aria-hidden="true"
                          className="size-2 rounded-full"
                          style={{ background: colors.get(id) }}
                        />
                        {name}
                      </span>
                    </td>
                    <td className="num">{formatCount(row.users)}</td>
                    <td className="num">{formatCount(row.impressions)}</td>
                    <td className="num">{formatCount(row.clicks)}</td>
                    <td className="num">{row.ctr === null ? '–' : formatPercent(row.ctr, 2)}</td>
                    <td className="num">{formatCount(row.orders)}</td>
                    <td className="num">{formatMoney(row.gmvMinor, currency)}</td>
                    <td className="num font-semibold">{control ? '' : showLift(lift?.relative.value)}</td>
                    <td className="whitespace-nowrap text-muted">{control || !lift ? '' : showRange(lift.sequence)}</td>
                  </tr>
                );
              }),
            )}
          </tbody>
        </table>
      </Section>
    </div>
  );
}
