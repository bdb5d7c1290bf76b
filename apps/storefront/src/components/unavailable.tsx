'use client';

import { useRouter } from 'next/navigation';
import { useEffect, useTransition } from 'react';

const retryEveryMs = 5_000;

/** Where Duet does not answer: says so kindly, tries again by itself, and lets the shopper try. */
export function Unavailable({ what }: { what: string }) {
  const router = useRouter();
  const [trying, start] = useTransition();

  useEffect(() => {
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') start(() => router.refresh());
    }, retryEveryMs);
    return () => clearInterval(timer);
  }, [router]);

  return (
    <div role="status" className="card flex flex-col items-center gap-4 px-6 py-14 text-center">
      <svg viewBox="0 0 64 64" className="size-14" aria-hidden="true">
        <circle cx="24" cy="32" r="18" fill="none" stroke="var(--accent)" strokeWidth="3" strokeDasharray="5 5" />
        <circle cx="42" cy="32" r="18" fill="none" stroke="var(--quiet)" strokeWidth="3" strokeDasharray="5 5" />
      </svg>
      <p className="font-semibold text-lg">We can’t show {what} just now</p>
      <p className="max-w-md text-quiet">
        The service that picks them isn’t answering. This page tries again by itself every few seconds; your basket is
        safe. The reason is in “Behind the scenes”.
      </p>
      <button type="button" className="button" disabled={trying} onClick={() => start(() => router.refresh())}>
        {trying ? 'Trying…' : 'Try again'}
      </button>
    </div>
  );
}
