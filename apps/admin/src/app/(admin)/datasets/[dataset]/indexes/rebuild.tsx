'use client';

import { useActionState } from 'react';
import { Submit } from '#components/forms/submit.tsx';
import { rebuild } from './actions.ts';

export function RebuildForm({ modelId, first }: { modelId: string; first: boolean }) {
  const [answer, action] = useActionState(rebuild, undefined);
  return (
    <form action={action} className="flex flex-wrap items-center justify-end gap-2">
      <input type="hidden" name="modelId" value={modelId} />
      <p role="status" className="text-sm text-muted empty:hidden">
        {answer}
      </p>
      <label htmlFor={`factory-${modelId}`} className="sr-only">
        Factory; empty chooses by the number of items
      </label>
      <input
        id={`factory-${modelId}`}
        name="factory"
        className="input w-44 font-mono text-sm"
        placeholder="Factory, by size"
        list="factories"
        autoComplete="off"
      />
      <Submit busy="Queueing…" quiet>
        {first ? 'Build' : 'Rebuild'}
      </Submit>
    </form>
  );
}
