import type { Experiment } from '@duet/db';
import { armColors } from '#components/experiments/arm-colors.ts';
import { Notice } from '#components/layout/notice.tsx';
import { findReport } from '#data/experiments/reports.ts';
import { Arms } from './arms.tsx';
import { Exposure } from './exposure.tsx';
import { Finding } from './finding.tsx';
import { FirstEvents } from './first-events.tsx';
import { Guardrails } from './guardrails.tsx';
import { Interleaving } from './interleaving.tsx';
import { LiftPlots } from './lift-plots.tsx';
import { type ReportQuery, reportQueryString } from './report-query.ts';
import { Scorecard } from './scorecard.tsx';
import { View } from './view.tsx';

interface ExperimentReportProps {
  experiment: Pick<Experiment, 'id' | 'status' | 'plannedEndAt'>;
  /** Of the experiment's pages. */
  address: string;
  reportQuery: ReportQuery;
  /** Kind of each model by its id. */
  /** Of each arm's model. */
  kinds: ReadonlyMap<string, string>;
}

/** The report of one experiment: what was found first, then the figures that say so. */
export async function ExperimentReport({ experiment, address, reportQuery, kinds }: ExperimentReportProps) {
  const { value: report, problem } = await findReport(experiment.id, { ...reportQuery, breakdowns: false });
  if (report === undefined)
    return (
      <Notice tone="problem" title="There is no report.">
        {problem}
      </Notice>
    );
  const colors = armColors(report.arms, kinds);
  if (report.interleaving) {
    return (
      <>
        <View address={address} report={report} reportQuery={reportQuery} />
        <Finding report={report} />
        <Interleaving report={report} found={report.interleaving} colors={colors} />
      </>
    );
  }
  const exposed = report.arms.some(({ users }) => users > 0);
  return (
    <>
      <View address={address} report={report} reportQuery={reportQuery} />
      <Finding report={report} />
      {!exposed && experiment.status === 'running' && <FirstEvents experiment={experiment} />}
      <Exposure report={report} />
      {exposed && <LiftPlots address={address} report={report} reportQuery={reportQuery} colors={colors} />}
      {exposed && (
        <Scorecard
          report={report}
          bayes={reportQuery.bayes}
          colors={colors}
          address={(key) => `${address}${reportQueryString({ ...reportQuery, metric: key })}`}
        />
      )}
      <Guardrails report={report} colors={colors} />
      <Arms report={report} kinds={kinds} />
    </>
  );
}
