'use client';

import type { ReactNode } from 'react';
import { useFormStatus } from 'react-dom';

/** A form's button: says what it is doing while it does it. */
export function Submit({ children, busy, quiet = false }: { children: ReactNode; busy: string; quiet?: boolean }) {
  const { pending } = useFormStatus();
  return (
    <button type="submit" disabled={pending} className={`button ${quiet ? 'button-quiet' : ''}`}>
      {pending ? busy : children}
    </button>
  );
}
