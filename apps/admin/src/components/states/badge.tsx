import type { ReactNode } from 'react';

export type Tone = 'good' | 'bad' | 'busy' | 'quiet';

const dots: Record<Tone, string> = {
  good: 'bg-good',
  bad: 'bg-bad',
  busy: 'bg-busy motion-safe:animate-pulse',
  quiet: 'bg-strong',
};

/** A state: said in words, the dot only helps to find it. */
export function Badge({ tone, children }: { tone: Tone; children: ReactNode }) {
  return (
    <span className="inline-flex items-center gap-1.5 rounded-full border border-line bg-raised px-2 py-0.5 text-xs font-medium whitespace-nowrap">
      <span className={`size-1.5 rounded-full ${dots[tone]}`} aria-hidden="true" />
      {children}
    </span>
  );
}
