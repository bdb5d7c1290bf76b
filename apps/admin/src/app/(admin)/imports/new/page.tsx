import type { Metadata } from 'next/types';
import { PageHeader } from '#components/layout/page-header.tsx';
import { findDatasetNamed } from '#data/datasets/datasets.ts';
import { headOf } from '../wizard/head.ts';
import { Wizard } from '../wizard/wizard.tsx';

export const metadata: Metadata = { title: 'New dataset' };

interface NewDatasetProps {
  searchParams: Promise<{ into?: string }>;
}

export default async function NewDatasetPage({ searchParams }: NewDatasetProps) {
  const { into } = await searchParams;
  const dataset = into === undefined ? null : await findDatasetNamed(into);
  return (
    <>
      <PageHeader {...headOf(dataset)} />
      <Wizard {...(dataset && { into: { id: dataset.id, name: dataset.name } })} />
    </>
  );
}
