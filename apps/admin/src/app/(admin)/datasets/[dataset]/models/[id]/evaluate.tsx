'use client';

import { useActionState } from 'react';
import { Submit } from '#components/forms/submit.tsx';
import { evaluate } from '../actions.ts';

export function EvaluateForm({ modelId, split }: { modelId: string; split: string }) {
  const [answer, action] = useActionState(evaluate, undefined);
  return (
    <form action={action} className="flex flex-wrap items-center gap-3">
      <input type="hidden" name="modelId" value={modelId} />
      <input type="hidden" name="split" value={split} />
      <p role="status" className="text-sm text-muted empty:hidden">
        {answer}
      </p>
      <Submit busy="Queueing…" quiet>
        Measure on {split}
      </Submit>
    </form>
  );
}
