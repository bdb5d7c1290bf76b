import { presetNames } from '@duet/models';
import type { Metadata } from 'next/types';
import { Notice } from '#components/layout/notice.tsx';
import { PageHeader } from '#components/layout/page-header.tsx';
import { Section } from '#components/layout/section.tsx';
import { datasetOf } from '#data/datasets/datasets.ts';
import { settings, startingValues, trainedKinds } from '../settings.ts';
import { TrainForm } from './form.tsx';

export const metadata: Metadata = { title: 'Train a model' };

export default async function TrainPage({ params }: { params: Promise<{ dataset: string }> }) {
  const dataset = await datasetOf(params);
  return (
    <>
      <PageHeader
        title="Train a model"
        parents={[{ path: '/models', title: 'Models' }]}
        summary={`The worker trains it on ${dataset.name} in the background and measures it on what was held out; you can follow it live.`}
      />
      {dataset.status === 'done' ? (
        <Section>
          <TrainForm
            datasetId={dataset.id}
            kinds={trainedKinds.map(({ kind, title, summary }) => ({ kind, title, summary }))}
            presets={presetNames}
            settings={settings}
            startingValues={startingValues}
          />
        </Section>
      ) : (
        <Notice title={`${dataset.name} has not been imported to its end.`}>A model can be trained once it has.</Notice>
      )}
    </>
  );
}
