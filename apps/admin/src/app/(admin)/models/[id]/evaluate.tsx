'use client';

import { useActionState } from 'react';
import { Submit } from '#components/submit.tsx';
import { evaluate } from '../actions.ts';

export function EvaluateForm({ modelId }: { modelId: string }) {
  const [answer, action] = useActionState(evaluate, undefined);
  return (
    <form action={action} className="flex flex-wrap items-center gap-2">
      <input type="hidden" name="modelId" value={modelId} />
      <label htmlFor="evaluate-split" className="text-sm text-muted">
        Measure on
      </label>
      <select id="evaluate-split" name="split" className="input w-40">
        <option>time:0.8</option>
        <option>leave-last-out</option>
      </select>
      <Submit busy="Queueing…" quiet>
        Measure
      </Submit>
      <p role="status" className="w-full text-sm text-muted empty:hidden">
        {answer}
      </p>
    </form>
  );
}
