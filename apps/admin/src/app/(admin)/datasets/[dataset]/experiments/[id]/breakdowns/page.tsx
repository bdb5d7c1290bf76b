import type { Metadata } from 'next/types';
import { armColors } from '#components/experiments/arm-colors.ts';
import { Notice } from '#components/layout/notice.tsx';
import { armKinds, experimentOf } from '#data/experiments/experiments.ts';
import { findReport } from '#data/experiments/reports.ts';
import { experimentPath } from '#dataset-path.ts';
import type { PageQuery } from '#page-query.ts';
import { shownMetric } from '../metric.ts';
import { MetricChoice } from '../metric-choice.tsx';
import { readReportQuery, reportQueryString } from '../report-query.ts';
import { BreakdownTable } from './table.tsx';

export const metadata: Metadata = { title: 'Breakdowns' };

interface BreakdownsPageProps {
  params: Promise<{ dataset: string; id: string }>;
  searchParams: PageQuery;
}

export default async function BreakdownsPage({ params, searchParams }: BreakdownsPageProps) {
  const experiment = await experimentOf(params);
  const reportQuery = await readReportQuery(searchParams);
  const { segment: _, ...whole } = reportQuery;
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
  const metric = shownMetric(report, reportQuery.metric);
  const colors = armColors(report.arms, armKinds(experiment.arms));
  return (
    <div className="space-y-6">
      <div className="max-w-4xl">
        <p className="mb-3 text-muted">
          Who looks at twenty parts finds one that differs by chance: p is adjusted for all rows of a table, by
          Benjamini and Hochberg for what is worth another experiment, by Holm for what may be claimed.
        </p>
        <MetricChoice
          metrics={report.metrics}
          chosen={metric.key}
          address={(key) => `${experimentPath(experiment)}/breakdowns${reportQueryString({ ...whole, metric: key })}`}
        />
      </div>
      {report.breakdowns.map((breakdown) => (
        <BreakdownTable key={breakdown.dimension} {...{ breakdown, report, metric, colors }} />
      ))}
    </div>
  );
}
