import Link from 'next/link';
import type { ReactNode } from 'react';
import { PageHeader } from '#components/layout/page-header.tsx';
import { Tabs } from '#components/layout/tabs.tsx';
import { Allowed } from '#components/people/allowed.tsx';
import { datasetOf } from '#data/datasets/datasets.ts';

interface DataLayoutProps {
  params: Promise<{ dataset: string }>;
  children: ReactNode;
}

export default async function DataLayout({ params, children }: DataLayoutProps) {
  const { name, description } = await datasetOf(params);
  return (
    <>
      <PageHeader
        title="Data"
        summary={description || 'The catalogue, and what shoppers did with it.'}
        actions={
          <Allowed to="import">
            <Link href={`/imports/new?into=${encodeURIComponent(name)}`} className="button">
              Add data
            </Link>
          </Allowed>
        }
      />
      <Tabs
        label="Data"
        tabs={[
          { path: '/data', title: 'Summary' },
          { path: '/data/catalogue', title: 'Catalogue' },
          { path: '/data/interactions', title: 'Interactions' },
          { path: '/data/import', title: 'Import and rejected rows' },
          { path: '/data/settings', title: 'Settings' },
          { path: '/data/privacy', title: 'Privacy' },
        ]}
      />
      {children}
    </>
  );
}
