import type { ReactNode } from 'react';
import { Mark } from './mark.tsx';

interface DoorstepProps {
  title?: ReactNode;
  children: ReactNode;
  /** Beneath the card. */
  note?: ReactNode;
}

/** A page before the log-in: a card in the middle. */
export const Doorstep = ({ title, children, note }: DoorstepProps) => (
  <main className="mx-auto flex min-h-dvh max-w-md flex-col justify-center px-6 py-10">
    <div className="mb-6 flex items-center gap-2.5">
      <Mark />
      {title === undefined ? (
        <h1 className="text-xl font-semibold tracking-tight">Duet</h1>
      ) : (
        <span className="text-xl font-semibold tracking-tight">Duet</span>
      )}
    </div>
    <div className="rounded-xl border border-line bg-surface p-6">
      {title !== undefined && <h1 className="mb-4 text-lg font-semibold">{title}</h1>}
      {children}
    </div>
    {note && <div className="mt-4 text-sm text-muted">{note}</div>}
  </main>
);
