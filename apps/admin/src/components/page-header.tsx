import Link from 'next/link';
import type { ReactNode } from 'react';

interface PageHeaderProps {
  title: ReactNode;
  /** One sentence: what this page answers. */
  summary?: ReactNode;
  parent?: { href: string; title: string };
  actions?: ReactNode;
}

export function PageHeader({ title, summary, parent, actions }: PageHeaderProps) {
  return (
    <header className="mb-6 flex flex-wrap items-end justify-between gap-x-6 gap-y-3">
      <div className="min-w-0">
        {parent && (
          <nav aria-label="Breadcrumb" className="mb-1 text-muted">
            <Link href={parent.href} className="hover:text-ink">
              {parent.title}
            </Link>
            <span aria-hidden="true" className="px-2 text-faint">
              /
            </span>
          </nav>
        )}
        <h1 className="text-2xl font-semibold tracking-tight">{title}</h1>
        {summary && <p className="mt-1 max-w-3xl text-muted">{summary}</p>}
      </div>
      {actions && <div className="flex flex-wrap gap-2">{actions}</div>}
    </header>
  );
}
