'use client';

import Link from 'next/link';
import { usePathname } from 'next/navigation';
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
  const pathname = usePathname();
  const dataset = useDatasetPath();
  return (
    <nav aria-label={label} className="mb-6 flex gap-5 overflow-x-auto border-b border-line">
      {tabs.map(({ path, title }, i) => {
        const href = `${dataset}${path}`;
        const isCurrent = pathname === href || (i > 0 && pathname.startsWith(`${href}/`));
        return (
          <Link
            key={path}
            href={href}
            aria-current={isCurrent ? 'page' : undefined}
            className="-mb-px border-b-2 border-transparent px-0.5 py-2 whitespace-nowrap text-muted hover:text-ink aria-[current=page]:border-ink aria-[current=page]:font-medium aria-[current=page]:text-ink"
          >
            {title}
          </Link>
        );
      })}
    </nav>
  );
}
