'use client';

import { useActionState } from 'react';
import { Submit } from '#components/submit.tsx';
import { removeRule, switchRule } from './actions.ts';

export function RuleSwitches({ id, enabled }: { id: string; enabled: boolean }) {
  const [problem, turn] = useActionState(switchRule, undefined);
  const [failure, remove] = useActionState(removeRule, undefined);
  return (
    <div className="flex flex-wrap items-center justify-end gap-2">
      <p role="alert" className="text-sm text-bad empty:hidden">
        {problem || failure}
      </p>
      <form action={turn}>
        <input type="hidden" name="id" value={id} />
        <input type="hidden" name="enabled" value={String(!enabled)} />
        <Submit busy="…" quiet>
          {enabled ? 'Switch off' : 'Switch on'}
        </Submit>
      </form>
      <form
        action={remove}
        onSubmit={(event) => {
          if (!window.confirm('Delete this rule?')) event.preventDefault();
        }}
      >
        <input type="hidden" name="id" value={id} />
        <Submit busy="…" quiet>
          Delete
        </Submit>
      </form>
    </div>
  );
}
