import type { Metadata } from 'next/types';
import type { ReactNode } from 'react';
import { datasetOf } from '#data/datasets/datasets.ts';

interface DatasetLayoutProps {
  params: Promise<{ dataset: string }>;
  children: ReactNode;
}

export async function generateMetadata({ params }: DatasetLayoutProps): Promise<Metadata> {
  const name = decodeURIComponent((await params).dataset);
  return { title: { default: name, template: `%s · ${name} · Duet` } };
}

/** Everything below is about one dataset; where there is none of that name, there is no page. */
export default async function DatasetLayout({ params, children }: DatasetLayoutProps) {
  await datasetOf(params);
  return children;
}
