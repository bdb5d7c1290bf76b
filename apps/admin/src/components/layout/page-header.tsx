import type { ReactNode } from 'react';
import { DatasetLink } from './dataset-link.tsx';

interface PageHeaderProps {
  title: ReactNode;
  /** One sentence: what this page answers. */
  summary?: ReactNode;
  /** The pages above it, within the dataset, the outermost first. */
  parents?: { path: string; title: string }[];
  actions?: ReactNode;
}

export function PageHeader({ title, summary, parents = [], actions }: PageHeaderProps) {
  return (
    <header className="mb-6 flex flex-wrap items-end justify-between gap-x-6 gap-y-3">
      <div className="min-w-0">
        {parents.length > 0 && (
          <nav aria-label="Breadcrumb" className="mb-1 text-sm text-muted">
            {parents.map(({ path, title }, i) => (
              <span key={path}>
                {i > 0 && (
                  <span aria-hidden="true" className="px-2 text-faint">
                    /
                  </span>
                )}
                <DatasetLink href={path} className="hover:text-ink">
                  {title}
                </DatasetLink>
              </span>
            ))}
          </nav>
        )}
        <h1 className="text-2xl font-semibold tracking-tight">{title}</h1>
        {summary && <p className="mt-1 max-w-3xl text-muted">{summary}</p>}
      </div>
      {actions && <div className="flex flex-wrap gap-2">{actions}</div>}
    </header>
  );
}
