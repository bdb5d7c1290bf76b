import type { ReactNode } from 'react';

interface SectionProps {
  title?: ReactNode;
  /** What the reader needs to know to read it. */
  note?: ReactNode;
  actions?: ReactNode;
  /** Leaves out the padding, for tables that reach the edges. */
  flush?: boolean;
  className?: string;
  children: ReactNode;
}

/** A card with a heading: the one container of every page. */
export function Section({ title, note, actions, flush = false, className = '', children }: SectionProps) {
  return (
    <section className={`min-w-0 overflow-hidden rounded-xl border border-line bg-surface ${className}`}>
      {title && (
        <div className="flex flex-wrap items-start justify-between gap-x-4 gap-y-2 px-5 pt-4 pb-3">
          <div className="min-w-0">
            <h2 className="font-semibold">{title}</h2>
            {note && <p className="mt-0.5 max-w-3xl text-sm [overflow-wrap:anywhere] text-muted">{note}</p>}
          </div>
          {actions}
        </div>
      )}
      <div className={flush ? '' : `px-5 pb-5 ${title ? '' : 'pt-5'}`}>{children}</div>
    </section>
  );
}
