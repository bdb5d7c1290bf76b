import type { ReportRequest } from '@duet/experiments';
import { type PageQuery, textQuery } from '#page-query.ts';

/** What an address asks of a report: `?phase=2&segment=device:mobile&level=0.9&metric=gmvPerUser&view=bayes`. */
export interface ReportQuery extends Pick<ReportRequest, 'phase' | 'segment' | 'level'> {
  /** The metric that is drawn; the primary one where there is none of that name. */
  metric: string;
  bayes: boolean;
}

/** Anything that cannot be read is as if it were not asked for. */
export async function readReportQuery(query: PageQuery): Promise<ReportQuery> {
  const [phase, segment, level, metric, view] = await Promise.all(
    ['phase', 'segment', 'level', 'metric', 'view'].map((name) => textQuery(query, name)),
  );
  const colon = segment!.indexOf(':');
  return {
    ...(/^[1-9]\d{0,5}$/.test(phase!) && { phase: Number(phase) }),
    ...(Number(level) > 0.5 && Number(level) < 1 && { level: Number(level) }),
    ...(colon > 0 && { segment: { dimension: segment!.slice(0, colon), value: segment!.slice(colon + 1) } }),
    metric: metric!,
    bayes: view === 'bayes',
  };
}

/** The same as a query, with some of it changed: '' or '?…'. */
export function reportQueryString(reportQuery: Partial<ReportQuery>): string {
  const { phase, segment, level, metric, bayes } = reportQuery;
  const query = new URLSearchParams({
    ...(phase && { phase: String(phase) }),
    ...(segment && { segment: `${segment.dimension}:${segment.value}` }),
    ...(level && { level: String(level) }),
    ...(metric && { metric }),
    ...(bayes && { view: 'bayes' }),
  }).toString();
  return query === '' ? '' : `?${query}`;
}
