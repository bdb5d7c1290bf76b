import { DataTable } from '#components/layout/data-table.tsx';
import { DatasetLink } from '#components/layout/dataset-link.tsx';
import { Section } from '#components/layout/section.tsx';
import { Kind } from '#components/models/kind.tsx';
import { Meter } from '#components/states/meter.tsx';
import type { Overview } from '#data/overview/overview.ts';
import type { ServedShare } from '#data/overview/served.ts';
import { formatCount, formatPercent } from '#format.ts';

/** Each experiment's arms and each deployment, with its real share of the last hour. */
export function Served({ now: { served, health } }: { now: Overview }) {
  const total = served.reduce((sum, { answers }) => sum + answers, 0);
  return (
    <Section
      title="What shoppers get now"
      note={
        total === 0
          ? 'No list was asked for within the last hour: these would answer.'
          : `By the ${formatCount(total)} lists that shoppers were answered within the last hour. An experiment takes its shoppers first; what is deployed answers all others.`
      }
      actions={
        <DatasetLink href="/pipeline" className="link text-sm">
          Pipeline
        </DatasetLink>
      }
      flush
    >
      <DataTable
        caption="What shoppers get now"
        rows={served}
        rowKey={({ key }) => key}
        columns={[
          {
            title: 'Who',
            rowHeader: true,
            cell: ({ who, href }) =>
              href === undefined ? (
                who
              ) : (
                <DatasetLink href={href} className="font-medium hover:underline">
                  {who}
                </DatasetLink>
              ),
          },
          {
            title: 'Gets',
            hint: 'Popular items answer whom a model does not know, and while it is out of order',
            className: 'min-w-44',
            cell: (row) => <Given {...row} />,
          },
          {
            title: 'Planned',
            hint: 'Of all shoppers, after what the experiments that started before it take',
            numeric: true,
            className: ({ planned }) => (planned === 0 ? 'font-semibold text-bad' : 'text-muted'),
            cell: ({ planned }) => (planned === undefined ? 'the rest' : formatPercent(planned, 0)),
          },
          {
            title: 'Lists',
            hint: 'That the retrieval service answered',
            numeric: true,
            cell: ({ answers }) => formatCount(answers),
          },
          {
            title: 'Share of the last hour',
            numeric: true,
            cell: ({ share }) =>
              share === undefined ? (
                '–'
              ) : (
                <span className="inline-flex items-center gap-3">
                  <Meter share={share} color="var(--two-tower)" />
                  <span className="w-12">{formatPercent(share, 0)}</span>
                </span>
              ),
          },
        ]}
      />
      <Troubles health={health} />
    </Section>
  );
}

const Given = ({ model, answers, popular }: ServedShare) =>
  model === undefined ? (
    <span>Popular items</span>
  ) : (
    <span className="inline-flex flex-wrap items-center gap-x-3">
      {model.kind !== '' && <Kind kind={model.kind} />}
      <span>{model.name}</span>
      <span className="text-sm text-muted">{model.detail}</span>
      {popular > 0 && (
        <span className="w-full text-sm text-muted">
          {formatPercent(popular / answers, 0)} of its lists were popular items
        </span>
      )}
    </span>
  );

/** What the retrieval service itself says is wrong. */
function Troubles({ health }: Pick<Overview, 'health'>) {
  const problems = health.value === undefined ? [health.problem] : health.value.problems;
  if (problems.length === 0) return null;
  return (
    <ul className="space-y-1 border-t border-line px-5 py-3 text-sm text-bad">
      {problems.map((problem) => (
        <li key={problem} className="[overflow-wrap:anywhere]">
          {problem}
        </li>
      ))}
    </ul>
  );
}
