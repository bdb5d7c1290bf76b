'use client';

import Link from 'next/link';
import { usePathname } from 'next/navigation';

const places = [
  { href: '/', title: 'Overview' },
  { href: '/datasets', title: 'Datasets' },
  { href: '/models', title: 'Models' },
  { href: '/indexes', title: 'Indexes' },
  { href: '/playground', title: 'Playground' },
  { href: '/rules', title: 'Rules' },
  { href: '/experiments', title: 'Experiments' },
  { href: '/keys', title: 'API keys' },
];

export function Navigation() {
  const pathname = usePathname();
  const isHere = (href: string) => (href === '/' ? pathname === '/' : pathname.startsWith(href));
  return (
    <nav aria-label="Main" className="-mx-3 flex flex-wrap gap-x-1 lg:mx-0 lg:flex-col lg:gap-1">
      {places.map(({ href, title }) => (
        <Link
          key={href}
          href={href}
          aria-current={isHere(href) ? 'page' : undefined}
          className="rounded-md px-3 py-1.5 whitespace-nowrap text-muted hover:bg-line/60 hover:text-ink aria-[current=page]:bg-line aria-[current=page]:font-medium aria-[current=page]:text-ink"
        >
          {title}
        </Link>
      ))}
    </nav>
  );
}
