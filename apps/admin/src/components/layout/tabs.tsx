'use client';

import Link from 'next/link';
import { usePathname } from 'next/navigation';
import { useIsRefused } from '#components/people/allowed.tsx';
import { useDatasetPath } from './dataset-link.tsx';

interface TabsProps {
  label: string;
  /** Paths within the dataset. */
  tabs: { path: string; title: string }[];
}

/**
 * Pages about the same thing. The first is current alone on its own address, the others on what lies below them too.
 */
export function Tabs({ label, tabs }: TabsProps) {
  const dataset = useDatasetPath();
  return (
    <nav aria-label={label} className="mb-6 flex gap-5 overflow-x-auto border-b border-line">
      {tabs.map(({ path, title }, i) => (
        <Tab key={path} href={`${dataset}${path}`} title={title} isFirst={i === 0} />
      ))}
    </nav>
  );
}

/** Nothing where the page is refused to who looks. */
function Tab({ href, title, isFirst }: { href: string; title: string; isFirst: boolean }) {
  const pathname = usePathname();
  if (useIsRefused(href)) return null;
  const isCurrent = pathname === href || (!isFirst && pathname.startsWith(`${href}/`));
  return (
    <Link
      href={href}
      aria-current={isCurrent ? 'page' : undefined}
      className="-mb-px border-b-2 border-transparent px-0.5 py-2 whitespace-nowrap text-muted hover:text-ink aria-[current=page]:border-ink aria-[current=page]:font-medium aria-[current=page]:text-ink"
    >
      {title}
    </Link>
  );
}
