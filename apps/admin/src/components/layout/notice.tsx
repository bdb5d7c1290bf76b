import type { ReactNode } from 'react';

interface NoticeProps {
  title: ReactNode;
  children?: ReactNode;
  /** A command that mends or fills it. */
  command?: string;
  tone?: 'empty' | 'problem';
}

/** What stands where there is nothing to show yet, or where something went wrong: a sentence and what to do. */
export function Notice({ title, children, command, tone = 'empty' }: NoticeProps) {
  const problem = tone === 'problem';
  return (
    <div
      role={problem ? 'alert' : undefined}
      className={`rounded-xl border bg-surface px-6 py-8 text-center ${problem ? 'border-bad' : 'border-dashed border-strong'}`}
    >
      <p className="font-semibold">{title}</p>
      {children && <div className="mx-auto mt-1 max-w-xl text-muted [overflow-wrap:anywhere]">{children}</div>}
      {command && (
        <code className="mt-4 inline-block max-w-full overflow-x-auto rounded-md border border-line bg-raised px-3 py-1.5 text-left font-mono text-sm whitespace-nowrap">
          {command}
        </code>
      )}
    </div>
  );
}
