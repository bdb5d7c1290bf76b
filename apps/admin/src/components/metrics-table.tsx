import { comparedMetrics, splitMeaning } from '#data/evaluations.ts';
import type { ComparedModel } from '#data/models.ts';
import { formatCount, formatMetric } from '#format.ts';
import { DataTable } from './data-table.tsx';
import { DatasetLink } from './dataset-link.tsx';
import { ModelName } from './model-name.tsx';

/** Models side by side on one split. The best value of each column is bold and marked. */
export function MetricsTable({ models, split }: { models: ComparedModel[]; split: string }) {
  const rows = models.flatMap((model) => {
    const evaluation = model.evaluations.find((candidate) => candidate.split === split);
    return evaluation ? [{ model, evaluation }] : [];
  });
  const best = new Map(
    comparedMetrics.map(({ name }) => [
      name,
      Math.max(...rows.map(({ evaluation }) => evaluation.metrics[name] ?? -1)),
    ]),
  );
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
        ...comparedMetrics.map(({ name, meaning }) => {
          const isBest = (value: number | undefined) =>
            rows.length > 1 && value !== undefined && value === best.get(name);
          return {
            title: name,
            hint: meaning,
            numeric: true,
            className: ({ evaluation }: (typeof rows)[number]) =>
              isBest(evaluation.metrics[name]) ? 'font-semibold' : '',
            cell: ({ evaluation }: (typeof rows)[number]) => {
              const value = evaluation.metrics[name];
              return (
                <>
                  {isBest(value) && (
                    <span className="mr-1.5 rounded bg-mark px-1.5 py-px text-xs font-medium text-busy">best</span>
                  )}
                  {value === undefined ? '–' : formatMetric(value)}
                </>
              );
            },
          };
        }),
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
      </dl>
    </details>
  );
}
