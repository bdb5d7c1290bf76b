import { presetNames } from '@duet/models';
import { gateSettings } from '@duet/pipeline/control';
import type { Metadata } from 'next/types';
import { PageHeader } from '#components/layout/page-header.tsx';
import { Section } from '#components/layout/section.tsx';
import { datasetOf } from '#data/datasets/datasets.ts';
import { trainedKinds } from '../../models/settings.ts';
import { termsOf } from '../terms.ts';
import { RegisterForm } from './form.tsx';

export const metadata: Metadata = { title: 'Register a model' };

export default async function RegisterPage({ params }: { params: Promise<{ dataset: string }> }) {
  const dataset = await datasetOf(params);
  const usual = { schedule: '0 3 * * *', timeZone: '', promotion: 'auto', gate: gateSettings.parse({}) };
  return (
    <>
      <PageHeader
        title="Register a model"
        parents={[{ path: '/pipeline', title: 'Pipeline' }]}
        summary="A name that stays while its versions are trained, judged and replaced. Its first champion is deployed by itself."
      />
      <Section>
        <RegisterForm
          datasetId={dataset.id}
          kinds={trainedKinds.map(({ kind, title, summary }) => ({ kind, title, summary }))}
          presets={presetNames}
          terms={termsOf(usual)}
        />
      </Section>
    </>
  );
}
