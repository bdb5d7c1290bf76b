'use client';

import Link from 'next/link';
import { usePathname } from 'next/navigation';

export function Tabs({ label, tabs }: { label: string; tabs: { href: string; title: string }[] }) {
  const pathname = usePathname();
  return (
    <nav aria-label={label} className="mb-6 flex gap-5 overflow-x-auto border-b border-line">
      {tabs.map(({ href, title }) => (
        <Link
          key={href}
          href={href}
          aria-current={pathname === href ? 'page' : undefined}
          className="-mb-px border-b-2 border-transparent px-0.5 py-2 whitespace-nowrap text-muted hover:text-ink aria-[current=page]:border-ink aria-[current=page]:font-medium aria-[current=page]:text-ink"
        >
          {title}
        </Link>
      ))}
    </nav>
  );
}
