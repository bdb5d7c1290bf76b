'use client';

import { useActionState } from 'react';
import { Confirm } from '#components/forms/confirm.tsx';
import { Submit } from '#components/forms/submit.tsx';
import { removeRule, switchRule } from './actions.ts';

/** What can be done with a rule. */
export function RuleSwitches({ id, enabled, what }: { id: string; enabled: boolean; what: string }) {
  const [problem, turn] = useActionState(switchRule, undefined);
  return (
    <div className="flex flex-wrap items-center justify-end gap-2">
      <p role="alert" className="text-sm text-bad empty:hidden">
        {problem}
      </p>
      <form action={turn}>
        <input type="hidden" name="id" value={id} />
        <input type="hidden" name="enabled" value={String(!enabled)} />
        <Submit busy="…" quiet>
          {enabled ? 'Switch off' : 'Switch on'}
        </Submit>
      </form>
      <Confirm label="Delete" busy="Deleting…" title="Delete this rule?" action={removeRule} fields={{ id }} quiet>
        <p>{what} Lists are without it within seconds. Switching it off keeps it for later.</p>
      </Confirm>
    </div>
  );
}
