import { notFound } from 'next/navigation';
import type { ReactNode } from 'react';
import { PageHeader } from '#components/page-header.tsx';
import { Tabs } from '#components/tabs.tsx';
import { findDataset } from '#data/datasets.ts';
import { routeId } from '#route-id.ts';

interface DatasetLayoutProps {
  params: Promise<{ id: string }>;
  children: ReactNode;
}

export default async function DatasetLayout({ params, children }: DatasetLayoutProps) {
  const dataset = await findDataset(await routeId(params));
  if (dataset === null) notFound();
  const at = `/datasets/${dataset.id}`;
  return (
    <>
      <PageHeader
        title={dataset.name}
        summary={dataset.description}
        parent={{ href: '/datasets', title: 'Datasets' }}
      />
      <Tabs
        label="Dataset"
        tabs={[
          { href: at, title: 'Summary' },
          { href: `${at}/catalogue`, title: 'Catalogue' },
          { href: `${at}/interactions`, title: 'Interactions' },
          { href: `${at}/import`, title: 'Import and rejected rows' },
        ]}
      />
      {children}
    </>
  );
}
