'use client';

import Link from 'next/link';
import { usePathname } from 'next/navigation';
import type { ComponentProps } from 'react';

/** Where the pages of the dataset are that the page around it is about: '/datasets/online-retail'. */
export const useDatasetPath = (): string => usePathname().split('/').slice(0, 3).join('/');

/** A link to a page of the same dataset: '/models' stays within it. */
export function DatasetLink({ href, ...link }: Omit<ComponentProps<typeof Link>, 'href'> & { href: string }) {
  return <Link href={`${useDatasetPath()}${href}`} {...link} />;
}
