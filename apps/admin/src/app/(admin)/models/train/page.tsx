import type { Metadata } from 'next/types';
import { Notice } from '#components/notice.tsx';
import { PageHeader } from '#components/page-header.tsx';
import { Section } from '#components/section.tsx';
import { readyDatasets } from '#data/datasets.ts';
import { presetNames, settings, startingValues, trainedKinds } from '../settings.ts';
import { TrainForm } from './form.tsx';

export const metadata: Metadata = { title: 'Train a model' };

export default async function TrainPage() {
  const datasets = await readyDatasets();
  return (
    <>
      <PageHeader
        title="Train a model"
        parent={{ href: '/models', title: 'Models' }}
        summary="The worker trains it in the background and measures it on what was held out; you can follow it live."
      />
      {datasets.length === 0 ? (
        <Notice title="There is no dataset to train on." command="npx duet import --name NAME --interactions FILE">
          Import interactions first.
        </Notice>
      ) : (
        <Section>
          <TrainForm
            datasets={datasets.map(({ id, name }) => ({ id, name }))}
            kinds={trainedKinds.map(({ kind, title, summary }) => ({ kind, title, summary }))}
            presets={presetNames}
            settings={settings}
            startingValues={startingValues}
          />
        </Section>
      )}
    </>
  );
}
