import type { Report } from '@duet/experiments';
import Form from 'next/form';
import { formatDay } from '#format.ts';
import { type ReportQuery, reportQueryString } from './report-query.ts';

interface ViewProps {
  /** Of the experiment's pages. */
  address: string;
  report: Report;
  reportQuery: ReportQuery;
}

const files = [
  { format: 'html', title: 'Page' },
  { format: 'csv', title: 'CSV' },
  { format: 'json', title: 'JSON' },
];

/** Which part of the report is looked at, and the same to take away. */
export function View({ address, report, reportQuery }: ViewProps) {
  const { phases, segments, segment, options } = report;
  return (
    <div className="flex flex-wrap items-end justify-between gap-x-6 gap-y-4">
      <Form action="" className="flex flex-wrap items-end gap-3">
        {reportQuery.metric !== '' && <input type="hidden" name="metric" value={reportQuery.metric} />}
        {phases.length > 1 && (
          <Choice name="phase" label="Phase" chosen={String(report.phase)}>
            {phases.map(({ phase, startedAt, endedAt }) => (
              <option key={phase} value={phase}>
                {phase}: from {formatDay(new Date(startedAt))}
                {endedAt && ` to ${formatDay(new Date(endedAt))}`}
              </option>
            ))}
          </Choice>
        )}
        {segments.length > 0 && (
          <Choice name="segment" label="Counted" chosen={segment ? `${segment.dimension}:${segment.value}` : ''}>
            <option value="">everything</option>
            {segments.map(({ dimension, values }) => (
              <optgroup key={dimension} label={dimension}>
                {values.map((value) => (
                  <option key={value} value={`${dimension}:${value}`}>
                    {value}
                  </option>
                ))}
              </optgroup>
            ))}
          </Choice>
        )}
        <Choice name="level" label="Level" chosen={String(options.level)}>
          {[...new Set([0.9, 0.95, 0.99, options.level])].sort().map((level) => (
            <option key={level} value={level}>
              {Number((100 * level).toFixed(2))} %
            </option>
          ))}
        </Choice>
        <Choice name="view" label="Odds" chosen={reportQuery.bayes ? 'bayes' : ''}>
          <option value="">p values</option>
          <option value="bayes">Bayesian</option>
        </Choice>
        <button type="submit" className="button button-quiet">
          Show
        </button>
      </Form>
      <nav aria-label="Download" className="flex items-center gap-2">
        <span className="text-sm text-muted">Download</span>
        {files.map(({ format, title }) => (
          <a
            key={format}
            href={`${address}/download/${format}${reportQueryString(reportQuery)}`}
            download
            className="button button-quiet"
          >
            {title}
          </a>
        ))}
      </nav>
    </div>
  );
}

function Choice({
  name,
  label,
  chosen,
  children,
}: {
  name: string;
  label: string;
  chosen: string;
  children: React.ReactNode;
}) {
  return (
    <div>
      <label htmlFor={name} className="mb-1 block text-sm text-muted">
        {label}
      </label>
      <select key={chosen} id={name} name={name} defaultValue={chosen} className="input w-auto max-w-56 pr-8">
        {children}
      </select>
    </div>
  );
}
