import { notFound } from 'next/navigation';
import type { Metadata } from 'next/types';
import { PageHeader } from '#components/layout/page-header.tsx';
import { Refresh } from '#components/layout/refresh.tsx';
import { Section } from '#components/layout/section.tsx';
import { Kind } from '#components/models/kind.tsx';
import { EditableBy } from '#components/people/allowed.tsx';
import { datasetOf } from '#data/datasets/datasets.ts';
import { registeredModel } from '#data/pipeline/pipeline.ts';
import { Unregister } from '../../model-buttons.tsx';
import { DeploymentBadge, ModelButtons, Rhythm } from '../../model-card.tsx';
import { RunPicture } from '../../run-picture.tsx';
import { Runs } from '../../runs.tsx';
import { termsOf } from '../../terms.ts';
import { ChampionHistory } from './champions.tsx';
import { TermsForm } from './terms-form.tsx';
import { Versions } from './versions.tsx';

interface RegisteredModelPageProps {
  params: Promise<{ dataset: string; name: string }>;
}

const nameOf = async (params: RegisteredModelPageProps['params']) => decodeURIComponent((await params).name);

export const generateMetadata = async ({ params }: RegisteredModelPageProps): Promise<Metadata> => ({
  title: `${await nameOf(params)} · Pipeline`,
});

export default async function RegisteredModelPage({ params }: RegisteredModelPageProps) {
  const dataset = await datasetOf(params);
  const model = (await registeredModel(dataset.id, await nameOf(params))) ?? notFound();
  const [last] = model.runs;
  return (
    <>
      {model.isUnderWay && <Refresh everyMs={2000} />}
      <PageHeader
        title={
          <span className="flex flex-wrap items-center gap-3">
            {model.name} <DeploymentBadge model={model} />
          </span>
        }
        parents={[{ path: '/pipeline', title: 'Pipeline' }]}
        summary={
          <>
            <Kind kind={model.kind} />, preset {model.preset}. <Rhythm model={model} />
          </>
        }
        actions={<ModelButtons model={model} />}
      />
      <div className="space-y-6">
        {last !== undefined && (
          <Section title="Last run" flush>
            <RunPicture run={last} />
          </Section>
        )}
        <Versions model={model} />
        <ChampionHistory changes={model.changes} />
        <Section title="Schedule and gate" note="Changes are for the next run.">
          <EditableBy to="analyse">
            <TermsForm modelId={model.id} terms={termsOf(model)} />
          </EditableBy>
        </Section>
        {model.runs.length > 0 && (
          <Section title="Runs" flush>
            <Runs runs={model.runs} />
          </Section>
        )}
        <Section title="Delete" note="A registered model that serves nobody can go; what it trained stays.">
          <EditableBy to="analyse">
            <Unregister modelId={model.id} name={model.name} datasetId={dataset.id} />
          </EditableBy>
        </Section>
      </div>
    </>
  );
}
