import { DataTable } from '#components/layout/data-table.tsx';
import { DatasetLink } from '#components/layout/dataset-link.tsx';
import { Section } from '#components/layout/section.tsx';
import { Time } from '#components/layout/time.tsx';
import { Allowed } from '#components/people/allowed.tsx';
import { Badge } from '#components/states/badge.tsx';
import { withInterval } from '#data/models/standing.ts';
import type { RegisteredModelView } from '#data/pipeline/pipeline.ts';
import { formatMetric } from '#format.ts';
import { Promote } from '../../model-buttons.tsx';

const shown = ['HR@50', 'NDCG@10', 'MRR'];

/** A registered model's versions, what their measured twins found, and the one that serves. */
export function Versions({ model }: { model: RegisteredModelView }) {
  const { id, name, versions, championVersion: champion, runs } = model;
  const heldOf = (version: number) =>
    runs.find((run) => run.version === version)?.checks.flatMap(({ passed, sentence }) => (passed ? [] : [sentence])) ??
    [];
  return (
    <Section
      title="Versions"
      note="A version learns from everything; its figures are those of a twin that was trained without the last purchases."
      flush
    >
      <DataTable
        caption="Versions"
        rows={versions}
        rowKey={({ id }) => id}
        empty="None yet: “Run now” makes the first."
        columns={[
          {
            title: 'Version',
            rowHeader: true,
            cell: ({ id, version }) => (
              <span className="inline-flex items-center gap-3">
                <DatasetLink href={`/models/${id}`} className="font-medium whitespace-nowrap hover:underline">
                  version {version}
                </DatasetLink>
                {version === champion && <Badge tone="good">champion</Badge>}
                {heldOf(version).length > 0 && <Badge tone="bad">held back</Badge>}
              </span>
            ),
          },
          {
            title: 'Trained',
            className: 'whitespace-nowrap text-muted',
            cell: ({ createdAt }) => <Time at={createdAt} />,
          },
          ...shown.map((metric) => ({
            title: metric,
            numeric: true,
            cell: ({ evaluation }: RegisteredModelView['versions'][number]) => {
              const value = evaluation?.metrics[metric];
              if (value === undefined) return '–';
              return <span title={withInterval({ value, users: evaluation!.users })}>{formatMetric(value)}</span>;
            },
          })),
          {
            title: 'Promote',
            hideTitle: true,
            numeric: true,
            cell: ({ version, isIndexed }) =>
              version === champion ? null : isIndexed ? (
                <Allowed to="analyse">
                  <Promote {...{ modelId: id, name, champion, version }} held={heldOf(version)} />
                </Allowed>
              ) : (
                <span className="text-muted">has no index</span>
              ),
          },
        ]}
      />
    </Section>
  );
}
