'use client';

import { useActionState } from 'react';
import { submitting } from '#components/forms/submitting.ts';
import { change } from '../../actions.ts';
import { type Terms, TermsFields } from '../../terms-fields.tsx';

/** Changes when a registered model is trained and what its versions must show. */
export function TermsForm({ modelId, terms }: { modelId: string; terms: Terms }) {
  const [problem, send, pending] = useActionState(change, undefined);
  return (
    <form onSubmit={submitting(send)} className="space-y-5">
      <input type="hidden" name="id" value={modelId} />
      <TermsFields terms={terms} />
      <div className="flex flex-wrap items-center gap-3">
        <button type="submit" disabled={pending} className="button">
          {pending ? 'Saving…' : 'Save'}
        </button>
        <p role={problem ? 'alert' : 'status'} className={`text-sm ${problem ? 'text-bad' : 'text-muted'}`}>
          {problem === '' ? 'Saved.' : problem}
        </p>
      </div>
    </form>
  );
}
