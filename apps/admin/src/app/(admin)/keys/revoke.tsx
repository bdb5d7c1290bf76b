'use client';

import { useActionState, useState } from 'react';
import { Submit } from '#components/submit.tsx';
import { revoke } from './actions.ts';

/** Two steps: a revoked key is gone for good, and whatever uses it stops. */
export function RevokeForm({ id, name }: { id: string; name: string }) {
  const [problem, action] = useActionState(revoke, undefined);
  const [asked, setAsked] = useState(false);
  if (!asked) {
    return (
      <button
        type="button"
        className="button button-quiet"
        aria-label={`Revoke ${name}`}
        onClick={() => setAsked(true)}
      >
        Revoke
      </button>
    );
  }
  return (
    <form action={action} className="flex flex-wrap items-center justify-end gap-2">
      <input type="hidden" name="id" value={id} />
      <span className="text-sm">{problem || 'For good?'}</span>
      <Submit busy="Revoking…">Revoke</Submit>
      <button type="button" className="button button-quiet" onClick={() => setAsked(false)}>
        Keep
      </button>
    </form>
  );
}
