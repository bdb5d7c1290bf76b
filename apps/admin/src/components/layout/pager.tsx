import Link from 'next/link';
import { formatCount } from '#format.ts';

interface PagerProps {
  page: number;
  pageSize: number;
  total: number;
  /** The address of a page. */
  href: (page: number) => string;
}

export function Pager({ page, pageSize, total, href }: PagerProps) {
  const pages = Math.max(1, Math.ceil(total / pageSize));
  const first = total === 0 ? 0 : (page - 1) * pageSize + 1;
  const step = 'button button-quiet h-8 px-3 text-sm';
  return (
    <nav aria-label="Pages" className="flex items-center justify-between gap-4 border-t border-line px-5 py-3">
      <p className="text-sm text-muted">
        {formatCount(first)}–{formatCount(Math.min(total, page * pageSize))} of {formatCount(total)}
      </p>
      <div className="flex gap-2">
        {page > 1 ? (
          <Link className={step} href={href(page - 1)}>
            Previous
          </Link>
        ) : (
          <span className={`${step} border-line text-faint`}>Previous</span>
        )}
        {page < pages ? (
          <Link className={step} href={href(page + 1)}>
            Next
          </Link>
        ) : (
          <span className={`${step} border-line text-faint`}>Next</span>
        )}
      </div>
    </nav>
  );
}
