'use client';

import Link from 'next/link';
import { usePathname } from 'next/navigation';
import type { ComponentProps } from 'react';
import { useIsRefused } from '#components/people/allowed.tsx';

/** Where the pages of the dataset are that the page around it is about: '/datasets/online-retail'. */
export const useDatasetPath = (): string => usePathname().split('/').slice(0, 3).join('/');

/**
 * A link to a page of the same dataset: '/models' stays within it. Where the page is refused to the person who looks, there
 * is no button, and a link within a sentence is its words.
 */
export function DatasetLink({ href, ...link }: Omit<ComponentProps<typeof Link>, 'href'> & { href: string }) {
  const address = `${useDatasetPath()}${href}`;
  if (useIsRefused(address.split('?')[0]!))
    return link.className?.includes('button') ? null : <span>{link.children}</span>;
  return <Link href={address} {...link} />;
}
