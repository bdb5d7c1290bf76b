import type { ReactNode } from 'react';
import { PageHeader } from '#components/layout/page-header.tsx';
import { Tabs } from '#components/layout/tabs.tsx';

export default function PlaygroundLayout({ children }: { children: ReactNode }) {
  return (
    <>
      <PageHeader title="Playground" summary="What a shopper gets, and why." />
      <Tabs
        label="Playground"
        tabs={[
          { path: '/playground', title: 'As the shop shows it' },
          { path: '/playground/compare', title: 'Two models' },
          { path: '/playground/request', title: 'One request' },
        ]}
      />
      {children}
    </>
  );
}
