import { type Column, DataTable } from '#components/layout/data-table.tsx';
import { DatasetLink } from '#components/layout/dataset-link.tsx';
import { comparedMetrics, type StoredEvaluation, splitMeaning } from '#data/models/evaluations.ts';
import type { ComparedModel } from '#data/models/models.ts';
import { standings, withInterval } from '#data/models/standing.ts';
import { formatCount, formatMetric } from '#format.ts';
import { ModelName } from './model-name.tsx';

interface MeasuredModel {
  model: ComparedModel;
  evaluation: StoredEvaluation;
}

/** One metric of every model; the best is named where it is above all others by more than chance explains. */
function metricColumn(
  { name, meaning }: (typeof comparedMetrics)[number],
  rows: MeasuredModel[],
): Column<MeasuredModel> {
  const measured = rows.map(({ evaluation }) => {
    const value = evaluation.metrics[name];
    return value === undefined ? undefined : { value, users: evaluation.users };
  });
  const standing = standings(measured);
  return {
    title: name,
    hint: meaning,
    numeric: true,
    className: (row) => (standing[rows.indexOf(row)] === 'best' ? 'font-semibold' : ''),
    cell: (_, place) => (
      <>
        {standing[place] !== undefined && (
          <span className="mr-1.5 rounded bg-mark px-1.5 py-px text-xs font-medium text-busy">{standing[place]}</span>
        )}
        {measured[place] === undefined ? (
          '–'
        ) : (
          <span title={withInterval(measured[place])}>{formatMetric(measured[place].value)}</span>
        )}
      </>
    ),
  };
}

/** Models side by side on one split. */
export function MetricsTable({ models, split }: { models: ComparedModel[]; split: string }) {
  const rows = models.flatMap((model) => {
    const evaluation = model.evaluations.find((candidate) => candidate.split === split);
    return evaluation ? [{ model, evaluation }] : [];
  });
  return (
    <DataTable
      caption={
        <span className="block max-w-[calc(100vw-5rem)]">
          Split <span className="font-mono text-ink">{split}</span>: {splitMeaning(split)}.
        </span>
      }
      showCaption
      rows={rows}
      rowKey={({ model }) => model.id}
      columns={[
        {
          title: 'Model',
          rowHeader: true,
          className: 'font-medium',
          cell: ({ model }) => (
            <DatasetLink href={`/models/${model.id}`} className="hover:underline">
              <ModelName {...model} />
            </DatasetLink>
          ),
        },
        ...comparedMetrics.map((metric) => metricColumn(metric, rows)),
        {
          title: 'Test shoppers',
          numeric: true,
          className: 'text-muted',
          cell: ({ evaluation }) => formatCount(evaluation.users),
        },
      ]}
    />
  );
}

/** What the metrics mean, for those who do not hover. */
export function MetricsFootnote() {
  return (
    <details className="border-t border-line px-5 py-3 text-sm text-muted">
      <summary className="w-fit hover:text-ink">What these numbers mean</summary>
      <dl className="mt-3 grid gap-x-8 gap-y-3 sm:grid-cols-2 xl:grid-cols-3">
        {comparedMetrics.map(({ name, meaning }) => (
          <div key={name}>
            <dt className="font-medium text-ink">{name}</dt>
            <dd>{meaning}</dd>
          </div>
        ))}
        <div>
          <dt className="font-medium text-ink">How they are measured</dt>
          <dd>Every item of the catalogue that the shopper had not bought competes; nothing is sampled.</dd>
        </div>
        <div>
          <dt className="font-medium text-ink">Best, and level</dt>
          <dd>
            A model is the best where it is above every other by more than the choice of test shoppers explains, at 95
            %; else those at the top are level. Point at a number for how far chance may have moved it.
          </dd>
        </div>
      </dl>
    </details>
  );
}
