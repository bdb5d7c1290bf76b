import type { Report } from '@duet/experiments';
import Link from 'next/link';
import { notFound } from 'next/navigation';
import type { Metadata } from 'next/types';
import { armColors } from '#components/arm-colors.ts';
import { IntervalBar } from '#components/interval-bar.tsx';
import { Notice } from '#components/notice.tsx';
import { Section } from '#components/section.tsx';
import { findExperiment } from '#data/experiments.ts';
import { findReport } from '#data/reports.ts';
import { formatCount } from '#format.ts';
import type { PageQuery } from '#page-query.ts';
import { routeId } from '#route-id.ts';
import { addressOf, askedOf } from '../asked.ts';
import { scaleOf, showLift, shownMetric, showP, showRange, showValue, toneOf } from '../metric.ts';

export const metadata: Metadata = { title: 'Experiment’s breakdowns' };

interface BreakdownsPageProps {
  params: Promise<{ id: string }>;
  searchParams: PageQuery;
}

const titles: Record<string, { title: string; note: string }> = {
  category: {
    title: 'By category',
    note: 'All shoppers of an arm, with what they did with the category’s items. The arm chooses what of a category it shows: a rate of impressions or exposures compares other items, figures per shopper compare the arms.',
  },
  visitor: { title: 'New and returning shoppers', note: 'By whether a shopper was known before the first exposure.' },
  device: { title: 'By device', note: 'That of the first exposure.' },
};

export default async function BreakdownsPage({ params, searchParams }: BreakdownsPageProps) {
  const experiment = await findExperiment(await routeId(params));
  if (experiment === null) notFound();
  const asked = await askedOf(searchParams);
  const { segment: _, ...whole } = asked;
  const { value: report, problem } = await findReport(experiment.id, whole);
  if (report === undefined) {
    return (
      <Notice tone="problem" title="There is no report.">
        {problem}
      </Notice>
    );
  }
  if (report.breakdowns.length === 0) {
    return <Notice title="Nothing to break down yet.">It begins with the first exposure.</Notice>;
  }
  const metric = shownMetric(report, asked.metric);
  const colors = armColors(report.arms, new Map(experiment.arms.map(({ modelId, model }) => [modelId, model.kind])));
  return (
    <div className="space-y-6">
      <div className="max-w-4xl">
        <p className="text-muted">
          Who looks at twenty parts finds one that differs by chance: p is adjusted for all rows of a table, by
          Benjamini and Hochberg for what is worth another experiment, by Holm for what may be claimed.
        </p>
        <nav aria-label="Metric" className="mt-3 flex flex-wrap gap-x-4 gap-y-1 text-sm">
          {report.metrics.map(({ key, title }) => (
            <Link
              key={key}
              href={`/experiments/${experiment.id}/breakdowns${addressOf({ ...whole, metric: key })}`}
              aria-current={key === metric.key ? 'true' : undefined}
              className="text-muted hover:text-ink aria-[current]:font-medium aria-[current]:text-ink aria-[current]:underline aria-[current]:underline-offset-4"
            >
              {title}
            </Link>
          ))}
        </nav>
      </div>
      {report.breakdowns.map((breakdown) => (
        <BreakdownTable key={breakdown.dimension} {...{ breakdown, report, metric, colors }} />
      ))}
    </div>
  );
}

interface BreakdownTableProps {
  breakdown: Report['breakdowns'][number];
  report: Report;
  metric: Report['metrics'][number];
  colors: Map<string, string>;
}

function BreakdownTable({ breakdown: { dimension, rows }, report, metric, colors }: BreakdownTableProps) {
  const { arms, currency } = report;
  const { title = `By ${dimension}`, note } = titles[dimension] ?? {};
  const control = arms.find((arm) => arm.control);
  const treatments = arms.filter((arm) => !arm.control && arm.weight > 0);
  const scale = scaleOf(
    rows.flatMap((row) => row.arms.flatMap(({ lift }) => (lift ? [lift[metric.key]!.relative] : []))),
  );
  return (
    <Section title={title} note={note} flush>
      <table className="data min-w-[58rem]">
        <caption className="sr-only">{title}</caption>
        <thead>
          <tr>
            <th scope="col">
              <span className="inline-block first-letter:uppercase">{dimension}</span>
            </th>
            {treatments.length > 1 && <th scope="col">Arm</th>}
            <th scope="col" className="num">
              Shoppers
            </th>
            <th scope="col" className="num">
              {control?.name ?? 'Control'}
            </th>
            <th scope="col" className="num">
              {treatments.length > 1 ? 'Value' : treatments[0]?.name}
            </th>
            <th scope="col" className="num">
              Lift
            </th>
            <th scope="col">{report.basis === 'sequence' ? 'Confidence sequence' : 'Interval'}</th>
            <th scope="col" className="w-[16%]">
              <span className="sr-only">Lift drawn</span>
            </th>
            <th scope="col" className="num">
              <abbr title="Adjusted by Benjamini and Hochberg for all rows of this table">p, BH</abbr>
            </th>
            <th scope="col" className="num">
              <abbr title="Adjusted by Holm for all rows of this table">p, Holm</abbr>
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ value, arms: own }) =>
            treatments.map(({ id, name }, place) => {
              const of = (armId: string | undefined) => own.find((arm) => arm.armId === armId);
              const [base, arm] = [of(control?.id), of(id)];
              const found = arm?.lift?.[metric.key];
              return (
                <tr key={`${value} ${id}`}>
                  {place === 0 && (
                    <th scope="rowgroup" rowSpan={treatments.length} className="align-top! font-medium">
                      {value}
                    </th>
                  )}
                  {treatments.length > 1 && <td className="pl-3! whitespace-nowrap">{name}</td>}
                  <td className="num text-muted">{formatCount((base?.users ?? 0) + (arm?.users ?? 0))}</td>
                  <td className="num text-muted">{showValue(base?.metrics[metric.key]?.value, metric, currency)}</td>
                  <td className="num">{showValue(arm?.metrics[metric.key]?.value, metric, currency)}</td>
                  <td
                    className={`num font-semibold ${found ? toneOf(report, found.relative, found.adjusted.benjaminiHochberg, metric) : ''}`}
                  >
                    {showLift(found?.relative.value)}
                  </td>
                  <td className="whitespace-nowrap text-muted">{found ? showRange(found.relative) : '–'}</td>
                  <td>
                    {found && (
                      <IntervalBar {...found.relative} from={scale[0]} to={scale[1]} mark={0} color={colors.get(id)!} />
                    )}
                  </td>
                  <td className="num">{showP(found?.adjusted.benjaminiHochberg)}</td>
                  <td className="num text-muted">{showP(found?.adjusted.holm)}</td>
                </tr>
              );
            }),
          )}
        </tbody>
      </table>
    </Section>
  );
}
