'use client';

import type { ExperimentSettings } from '@duet/experiments';
import { useActionState } from 'react';
import { Field } from '#components/forms/field.tsx';
import { submitting } from '#components/forms/submitting.ts';
import { tune } from '../../actions.ts';

const rules = [
  ['guardrail', 'A guardrail breaks'],
  ['srm', 'The split goes wrong'],
  ['plannedEnd', 'The planned days are over'],
] as const;

/** Traffic and what stop rules do. */
export function TuneForm({
  id,
  traffic,
  stopRules,
}: { id: string; traffic: number } & Pick<ExperimentSettings, 'stopRules'>) {
  const [problem, send, pending] = useActionState(tune, undefined);
  return (
    <form onSubmit={submitting(send)} className="space-y-4">
      <input type="hidden" name="id" value={id} />
      <Field id="tune-traffic" label="Traffic, %" hint="Raising it brings shoppers in and moves nobody between arms.">
        <input
          id="tune-traffic"
          name="traffic"
          className="input"
          inputMode="decimal"
          required
          defaultValue={Number((100 * traffic).toFixed(4))}
          aria-describedby="tune-traffic-hint"
        />
      </Field>
      {rules.map(([key, label]) => (
        <Field key={key} id={`tune-${key}`} label={label}>
          <select id={`tune-${key}`} name={key} className="input" defaultValue={stopRules[key]}>
            <option value="warn">Warn</option>
            <option value="stop">Stop the experiment</option>
          </select>
        </Field>
      ))}
      <p role="status" className={`text-sm empty:hidden ${problem ? 'text-bad' : 'text-muted'}`}>
        {problem === '' ? 'Saved.' : problem}
      </p>
      <button type="submit" disabled={pending} className="button button-quiet">
        {pending ? 'Saving…' : 'Save'}
      </button>
    </form>
  );
}
