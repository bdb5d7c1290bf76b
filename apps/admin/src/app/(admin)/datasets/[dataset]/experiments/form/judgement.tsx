'use client';

import { useFormContext } from 'react-hook-form';
import { SelectField, TextField } from '#components/forms/form-fields.tsx';
import { RowEditor } from '#components/forms/row-editor.tsx';
import { Section } from '#components/layout/section.tsx';
import type { FormMetric } from './form-data.ts';
import type { FormPlan } from './plan.ts';

const stopRules = [
  { key: 'guardrail', title: 'A guardrail breaks', hint: 'Its whole interval lies beyond the limit.' },
  { key: 'srm', title: 'The split goes wrong', hint: 'Sample ratio mismatch, always-valid p < 0.001.' },
  { key: 'plannedEnd', title: 'The planned days are over', hint: 'Looked at every minute by the worker.' },
] as const;

/** What decides the experiment, what it may not harm, and what ends it. */
export function Judgement({ metrics }: { metrics: FormMetric[] }) {
  const { register } = useFormContext<FormPlan>();
  const options = metrics.map(({ key, title }) => (
    <option key={key} value={key}>
      {title}
    </option>
  ));
  return (
    <Section title="What it is judged by">
      <div className="grid gap-5 sm:grid-cols-2 xl:grid-cols-3">
        <SelectField<FormPlan> name="primaryMetric" label="Primary metric" hint="The one that decides.">
          {options}
        </SelectField>
        <TextField<FormPlan>
          name="plannedDays"
          label="Planned days"
          hint="Whole weeks, so that each weekday counts alike."
          inputMode="numeric"
        />
        <TextField<FormPlan> name="alpha" label="Error rate, %" hint="5 gives 95 % intervals." inputMode="decimal" />
      </div>
      <label className="my-5 flex items-start gap-2">
        <input type="checkbox" className="mt-1" {...register('sequential')} />
        <span>
          May be looked at, and stopped, at any time
          <span className="block text-xs text-muted">
            Judged by confidence sequences, which are wider; without, its intervals hold at the planned end alone.
          </span>
        </span>
      </label>
      <RowEditor<FormPlan, 'guardrails'>
        name="guardrails"
        legend="Guardrails"
        note="What no arm may harm, by how much at most."
        add="Add a guardrail"
        fresh={() => ({ metric: 'gmvPerUser', percent: '5' })}
        rowName={(place) => `guardrail ${place + 1}`}
      >
        {(place) => (
          <div className="flex flex-wrap items-start gap-2">
            <SelectField<FormPlan>
              name={`guardrails.${place}.metric`}
              label={`Metric of guardrail ${place + 1}`}
              hideLabel
              className="max-w-64"
            >
              {options}
            </SelectField>
            <span className="py-1.5 text-sm text-muted">may lose at most</span>
            <TextField<FormPlan>
              name={`guardrails.${place}.percent`}
              label={`Loss of guardrail ${place + 1} in percent`}
              hideLabel
              className="max-w-20"
              inputMode="decimal"
            />
            <span className="py-1.5 text-sm text-muted">%</span>
          </div>
        )}
      </RowEditor>
      <div className="mt-5 grid gap-5 sm:grid-cols-3">
        {stopRules.map(({ key, title, hint }) => (
          <SelectField<FormPlan> key={key} name={`stopRules.${key}`} label={title} hint={hint}>
            <option value="warn">Warn</option>
            <option value="stop">Stop the experiment</option>
          </SelectField>
        ))}
      </div>
    </Section>
  );
}
