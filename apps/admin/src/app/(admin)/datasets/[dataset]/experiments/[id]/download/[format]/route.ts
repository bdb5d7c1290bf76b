import { type Report, reportCsv, reportHtml } from '@duet/experiments';
import { experimentOf } from '#data/experiments/experiments.ts';
import { findReport } from '#data/experiments/reports.ts';
import { readReportQuery } from '../../report-query.ts';

const files: Record<string, { type: string; write: (report: Report) => string }> = {
  csv: { type: 'text/csv; charset=utf-8', write: reportCsv },
  json: { type: 'application/json', write: (report) => JSON.stringify(report, null, 2) },
  html: { type: 'text/html; charset=utf-8', write: reportHtml },
};

interface DownloadContext {
  params: Promise<{ dataset: string; id: string; format: string }>;
}

/** The report as a file, for somebody who has logged in; the same query as the page. */
export async function GET(request: Request, { params }: DownloadContext): Promise<Response> {
  const { format } = await params;
  const file = files[format];
  if (!file) return new Response(`A report comes as ${Object.keys(files).join(', ')}.`, { status: 404 });
  const query = Object.fromEntries(new URL(request.url).searchParams);
  const { value: report, problem } = await findReport(
    (await experimentOf(params)).id,
    await readReportQuery(Promise.resolve(query)),
  );
  if (report === undefined) return new Response(problem, { status: 404 });
  // A name may hold what a file's may not.
  const name = report.experiment.name.replaceAll(/[^\p{L}\p{N}._-]+/gu, '-').slice(0, 80);
  const fileName = `${name}-phase-${report.phase}.${format}`;
  return new Response(file.write(report), {
    headers: {
      'content-type': file.type,
      'content-disposition': `attachment; filename="report-phase-${report.phase}.${format}"; filename*=UTF-8''${encodeURIComponent(fileName)}`,
      'cache-control': 'no-store',
    },
  });
}
