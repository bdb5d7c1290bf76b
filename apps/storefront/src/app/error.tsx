'use client';

import { useEffect } from 'react';

export default function ErrorPage({ error, reset }: { error: Error & { digest?: string }; reset: () => void }) {
  useEffect(() => console.error(error), [error]);
  return (
    <div role="alert" className="card mx-auto flex max-w-xl flex-col items-center gap-4 p-12 text-center">
      <h1 className="font-bold text-2xl">Something went wrong on our side</h1>
      <p className="text-quiet">
        Your basket is safe. {error.digest && `The server’s log knows this as ${error.digest}.`}
      </p>
      <button type="button" className="button" onClick={reset}>
        Try again
      </button>
    </div>
  );
}
