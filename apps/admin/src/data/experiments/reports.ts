import { experimentReport, type Report, type ReportRequest, readMetrics } from '@duet/experiments';
import { type Attempt, attempt } from '#data/problem.ts';
import { config, database } from '#data/services.ts';

/** A report with the shop's own metrics, or the sentence that says why there is none. */
export async function findReport(id: string, request: ReportRequest): Promise<Attempt<Report>> {
  const db = await database();
  return attempt(async () =>
    experimentReport(db, id, { ...request, metrics: await readMetrics(config().metricsFile) }),
  );
}
