'use client';

import { type FormEvent, startTransition, useActionState } from 'react';
import { change } from '../../actions.ts';
import { type Terms, TermsFields } from '../../terms-fields.tsx';

/** Changes when a registered model is trained and what its versions must show. */
export function TermsForm({ modelId, terms }: { modelId: string; terms: Terms }) {
  const [problem, send, pending] = useActionState(change, undefined);
  // Not by the form's `action`: React would reset the form after it, and selects would lose what was chosen.
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const data = new FormData(event.currentTarget);
    startTransition(() => send(data));
  };
  return (
    <form onSubmit={submit} className="space-y-5">
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
