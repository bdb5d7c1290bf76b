'use client';

import { useActionState } from 'react';
import { Submit } from '#components/submit.tsx';
import { restore } from './actions.ts';

/** One click that serves an earlier version again. */
export function RestoreForm({ indexId, version }: { indexId: string; version: number }) {
  const [problem, action] = useActionState(restore, undefined);
  return (
    <form action={action} aria-label={`Version ${version}`} className="flex items-center gap-2">
      <input type="hidden" name="indexId" value={indexId} />
      <Submit busy="Checking…" quiet>
        Serve this one
      </Submit>
      <p role="alert" className="text-sm text-bad empty:hidden">
        {problem}
      </p>
    </form>
  );
}
