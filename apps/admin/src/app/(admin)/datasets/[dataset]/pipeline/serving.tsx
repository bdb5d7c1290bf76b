import { Confirm } from '#components/forms/confirm.tsx';
import { DataTable } from '#components/layout/data-table.tsx';
import { DatasetLink } from '#components/layout/dataset-link.tsx';
import { Section } from '#components/layout/section.tsx';
import { Time } from '#components/layout/time.tsx';
import { Kind } from '#components/models/kind.tsx';
import { Allowed } from '#components/people/allowed.tsx';
import type { Pipeline } from '#data/pipeline/pipeline.ts';
import { endDeployment } from './actions.ts';
import { DeployForm } from './deploy-form.tsx';

/** Which registered model answers where, outside experiments. */
export function Serving({ datasetId, now: { deployments, models } }: { datasetId: string; now: Pipeline }) {
  const deployable = models.filter(({ championVersion }) => championVersion !== undefined);
  return (
    <Section
      title="What serves"
      note="Whom no experiment takes, these answer. A deployment follows its model’s champion."
      flush
    >
      <DataTable
        caption="Deployments"
        rows={deployments}
        rowKey={({ placement }) => placement}
        empty="Nothing is deployed: outside experiments shoppers get popular items. The first champion is deployed by itself."
        columns={[
          {
            title: 'Where',
            rowHeader: true,
            className: 'min-w-24',
            cell: ({ placement }) => placement || 'Everywhere',
          },
          {
            title: 'Model',
            cell: ({ model: { name, kind } }) => (
              <span className="inline-flex flex-wrap items-center gap-x-3">
                <DatasetLink
                  href={`/pipeline/models/${encodeURIComponent(name)}`}
                  className="font-medium hover:underline"
                >
                  {name}
                </DatasetLink>
                <span className="text-muted">
                  <Kind kind={kind} />
                </span>
              </span>
            ),
          },
          {
            title: 'Champion',
            className: 'min-w-44',
            cell: ({ champion }) =>
              champion === null ? (
                'none: popular items answer'
              ) : (
                <>
                  <DatasetLink href={`/models/${champion.modelId}`} className="hover:underline">
                    version {champion.version}
                  </DatasetLink>
                  <span className="text-muted">
                    , trained <Time at={champion.trainedAt} />
                  </span>
                </>
              ),
          },
          {
            title: 'Since',
            className: 'min-w-44 text-muted',
            cell: ({ changedAt, changedBy }) => (
              <>
                <Time at={changedAt} /> by {changedBy}
              </>
            ),
          },
          {
            title: 'Change',
            hideTitle: true,
            numeric: true,
            cell: ({ placement, model }) => (
              <Allowed to="analyse">
                <Confirm
                  label="End"
                  about={`the deployment ${placement || 'everywhere'}`}
                  busy="Ending…"
                  title={`End the deployment of ${model.name} ${placement === '' ? 'everywhere' : `at ${placement}`}?`}
                  action={endDeployment}
                  fields={{ datasetId, placement }}
                  quiet
                >
                  <p>
                    {placement === ''
                      ? 'Outside experiments, and where no placement has a deployment of its own, shoppers get popular items.'
                      : 'What is deployed everywhere answers there again.'}
                  </p>
                </Confirm>
              </Allowed>
            ),
          },
        ]}
      />
      {deployable.length > 0 && (
        <Allowed to="analyse">
          <div className="border-t border-line px-5 py-4">
            <DeployForm models={deployable.map(({ id, name }) => ({ id, name }))} />
          </div>
        </Allowed>
      )}
    </Section>
  );
}
