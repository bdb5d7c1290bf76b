'use client';

import { Notice } from '#components/layout/notice.tsx';

export default function AdminError({ error, retry }: { error: unknown; retry: () => void }) {
  const digest = error instanceof Error && 'digest' in error ? String(error.digest) : undefined;
  return (
    <Notice tone="problem" title="This page could not be shown.">
      <p>
        {digest === undefined ? 'The browser could not draw it.' : `The admin's log has the reason, under ${digest}.`}{' '}
        Try again; if it stays, <code className="font-mono">npx duet doctor</code> says what is missing.
      </p>
      <button type="button" onClick={retry} className="button button-quiet mt-4">
        Try again
      </button>
    </Notice>
  );
}
