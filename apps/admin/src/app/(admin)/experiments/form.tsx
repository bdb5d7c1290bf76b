'use client';

import type { ShopHistory } from '@duet/experiments/power';
import { type FormEvent, startTransition, useActionState, useState } from 'react';
import { Field } from '#components/field.tsx';
import { Section } from '#components/section.tsx';
import { saveExperiment } from './actions.ts';
import { ArmRows } from './arm-rows.tsx';
import { type FormPlan, planOf, weightsOf } from './plan.ts';
import { PowerPanel } from './power-panel.tsx';

/** A dataset that an experiment can be on, with what its arms can serve. */
export interface FormDataset {
  id: string;
  name: string;
  currency: string;
  holdout: number;
  models: { id: string; name: string; indexes: { id: string; title: string; active: boolean }[] }[];
  rankers: { id: string; title: string }[];
  layers: string[];
  history: ShopHistory;
}

interface ExperimentFormProps {
  mode: 'create' | 'edit' | 'phase';
  id?: string;
  start: FormPlan;
  datasets: FormDataset[];
  metrics: { key: string; title: string; unit: 'share' | 'count' | 'minor' }[];
}

const buttons = { create: 'Save as a draft', edit: 'Save the draft', phase: 'Start the new phase' };

/** Every setting of an experiment, with what it can find beside it. */
export function ExperimentForm({ mode, id, start, datasets, metrics }: ExperimentFormProps) {
  const [problem, send, pending] = useActionState(saveExperiment, undefined);
  const [form, setForm] = useState(start);
  const [note, setNote] = useState('');
  const set = (part: Partial<FormPlan>) => setForm((before) => ({ ...before, ...part }));
  const dataset = datasets.find((one) => one.id === form.datasetId) ?? datasets[0]!;
  const metric = metrics.find(({ key }) => key === form.primaryMetric) ?? metrics[0]!;
  const weights = weightsOf(form.arms);
  const control = form.arms.findIndex((arm) => arm.control);
  const served = new Set(
    form.arms.map(({ modelId, indexId, alpha, diversity, rankerId }) =>
      [modelId, indexId, alpha, diversity, rankerId].join(),
    ),
  );

  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const asked = { phase: mode === 'phase', name: form.name, datasetId: form.datasetId, note };
    // Through JSON, so that a number that is none arrives as null and is refused by name.
    const plan = JSON.parse(JSON.stringify(planOf(form)));
    startTransition(() => send({ ...asked, plan, ...(id !== undefined && { id }) }));
  };
  const typed = (
    name: {
      [Key in keyof FormPlan]: FormPlan[Key] extends string ? Key : never;
    }[keyof FormPlan],
  ) => ({
    id: name,
    value: form[name] as string,
    className: 'input',
    'aria-describedby': `${name}-hint`,
    onChange: (event: { target: { value: string } }) => set({ [name]: event.target.value }),
  });
  const rule = (key: keyof FormPlan['stopRules'], label: string, hint: string) => (
    <Field id={`rule-${key}`} label={label} hint={hint}>
      <select
        id={`rule-${key}`}
        className="input"
        aria-describedby={`rule-${key}-hint`}
        value={form.stopRules[key]}
        onChange={(event) => set({ stopRules: { ...form.stopRules, [key]: event.target.value as 'warn' | 'stop' } })}
      >
        <option value="warn">Warn</option>
        <option value="stop">Stop the experiment</option>
      </select>
    </Field>
  );

  return (
    <form onSubmit={submit} className="grid items-start gap-6 xl:grid-cols-[minmax(0,1fr)_19rem]">
      <div className="min-w-0 space-y-6">
        <Section title="What is compared">
          <div className="mb-5 grid gap-5 sm:grid-cols-2">
            <Field id="name" label="Name" hint="Its users are dealt out by a hash of it.">
              <input type="text" maxLength={200} required disabled={mode === 'phase'} {...typed('name')} />
            </Field>
            <Field id="datasetId" label="Dataset">
              <select
                {...typed('datasetId')}
                disabled={mode !== 'create'}
                onChange={({ target }) => {
                  const models = datasets.find((one) => one.id === target.value)?.models ?? [];
                  const arms = form.arms.map((arm, i) => ({
                    ...arm,
                    ...{ modelId: models[i % Math.max(1, models.length)]?.id ?? '', indexId: null, rankerId: '' },
                  }));
                  set({ datasetId: target.value, arms });
                }}
              >
                {datasets.map((one) => (
                  <option key={one.id} value={one.id}>
                    {one.name}
                  </option>
                ))}
              </select>
            </Field>
            <div className="sm:col-span-2">
              <Field id="hypothesis" label="Hypothesis" hint="What you expect and why, before the first figure.">
                <textarea rows={2} maxLength={2000} {...typed('hypothesis')} className="input h-auto py-2" />
              </Field>
            </div>
            <Field
              id="design"
              label="Design"
              hint={
                form.design === 'ab'
                  ? 'Each shopper sees one arm.'
                  : 'Each list is drafted from two arms, and clicks tell between them: more sensitive, but of clicks alone.'
              }
            >
              <select
                {...typed('design')}
                onChange={(event) => set({ design: event.target.value as FormPlan['design'] })}
              >
                <option value="ab">A/B: shoppers are split</option>
                <option value="interleaving">Interleaving: lists are mixed</option>
              </select>
            </Field>
          </div>
          <ArmRows
            arms={form.arms}
            models={dataset.models}
            rankers={dataset.rankers}
            onChange={(arms) => set({ arms })}
          />
          {served.size === 1 && (
            <p className="mt-3 text-sm text-muted">
              All arms serve the same: this is an A/A test, which has to come out null.
            </p>
          )}
        </Section>

        <Section title="Who is in it">
          <div className="grid gap-5 sm:grid-cols-2 xl:grid-cols-3">
            <Field
              id="traffic"
              label="Traffic, %"
              hint="Of the shoppers it may have. It can be raised at any time: nobody moves between arms."
            >
              <input inputMode="decimal" required {...typed('traffic')} />
            </Field>
            <Field id="layer" label="Layer" hint="Experiments of one layer share no shopper. Empty: none.">
              <input type="text" maxLength={100} list="layers" autoComplete="off" {...typed('layer')} />
            </Field>
            <datalist id="layers">
              {dataset.layers.map((layer) => (
                <option key={layer} value={layer} />
              ))}
            </datalist>
            <Field id="layerShare" label="Of the layer, %" hint="Shoppers that it holds while it runs.">
              <input inputMode="decimal" disabled={form.layer.trim() === ''} {...typed('layerShare')} />
            </Field>
          </div>
          <fieldset className="mt-5">
            <legend className="mb-1 text-sm font-medium">Targeting</legend>
            <p className="mb-2 text-xs text-muted">
              Every line must hold. Values come from the request’s context or placement, else from the shopper’s own
              data.
              {dataset.holdout > 0 &&
                ` ${100 * dataset.holdout} % of ${dataset.name}’s shoppers are held out of every experiment.`}
            </p>
            <div className="space-y-2">
              {form.targeting.map((line, i) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: a line is known by its place while it is typed
                <div key={i} className="flex flex-wrap items-center gap-2">
                  <input
                    className="input w-44"
                    aria-label={`Attribute of line ${i + 1}`}
                    placeholder="device"
                    required
                    value={line.attribute}
                    onChange={(event) =>
                      set({
                        targeting: form.targeting.map((one, j) =>
                          i === j ? { ...one, attribute: event.target.value } : one,
                        ),
                      })
                    }
                  />
                  <span className="text-sm text-muted">is one of</span>
                  <input
                    className="input min-w-40 flex-1"
                    aria-label={`Values of line ${i + 1}, with commas`}
                    placeholder="phone, tablet"
                    required
                    value={line.values}
                    onChange={(event) =>
                      set({
                        targeting: form.targeting.map((one, j) =>
                          i === j ? { ...one, values: event.target.value } : one,
                        ),
                      })
                    }
                  />
                  <button
                    type="button"
                    className="text-sm text-muted hover:text-ink"
                    aria-label={`Remove line ${i + 1}`}
                    onClick={() => set({ targeting: form.targeting.filter((_, j) => i !== j) })}
                  >
                    Remove
                  </button>
                </div>
              ))}
              <button
                type="button"
                className="button button-quiet"
                onClick={() => set({ targeting: [...form.targeting, { attribute: '', values: '' }] })}
              >
                Add a line
              </button>
            </div>
          </fieldset>
        </Section>

        <Section title="What it is judged by">
          <div className="grid gap-5 sm:grid-cols-2 xl:grid-cols-3">
            <Field id="primaryMetric" label="Primary metric" hint="The one that decides.">
              <select {...typed('primaryMetric')}>
                {metrics.map(({ key, title }) => (
                  <option key={key} value={key}>
                    {title}
                  </option>
                ))}
              </select>
            </Field>
            <Field id="plannedDays" label="Planned days" hint="Whole weeks, so that each weekday counts alike.">
              <input inputMode="numeric" required {...typed('plannedDays')} />
            </Field>
            <Field id="alpha" label="Error rate, %" hint="5 gives 95 % intervals.">
              <input inputMode="decimal" required {...typed('alpha')} />
            </Field>
          </div>
          <label className="mt-5 flex items-start gap-2">
            <input
              type="checkbox"
              className="mt-1"
              checked={form.sequential}
              onChange={(event) => set({ sequential: event.target.checked })}
            />
            <span>
              May be looked at, and stopped, at any time
              <span className="block text-xs text-muted">
                Judged by confidence sequences, which are wider; without, its intervals hold at the planned end alone.
              </span>
            </span>
          </label>
          <fieldset className="mt-5">
            <legend className="mb-1 text-sm font-medium">Guardrails</legend>
            <p className="mb-2 text-xs text-muted">What no arm may harm, by how much at most.</p>
            <div className="space-y-2">
              {form.guardrails.map((guardrail, i) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: a guardrail is known by its place while it is chosen
                <div key={i} className="flex flex-wrap items-center gap-2">
                  <select
                    className="input w-64"
                    aria-label={`Metric of guardrail ${i + 1}`}
                    value={guardrail.metric}
                    onChange={(event) =>
                      set({
                        guardrails: form.guardrails.map((one, j) =>
                          i === j ? { ...one, metric: event.target.value } : one,
                        ),
                      })
                    }
                  >
                    {metrics.map(({ key, title }) => (
                      <option key={key} value={key}>
                        {title}
                      </option>
                    ))}
                  </select>
                  <span className="text-sm text-muted">may lose at most</span>
                  <input
                    className="input w-20"
                    inputMode="decimal"
                    aria-label={`Loss of guardrail ${i + 1} in percent`}
                    required
                    value={guardrail.percent}
                    onChange={(event) =>
                      set({
                        guardrails: form.guardrails.map((one, j) =>
                          i === j ? { ...one, percent: event.target.value } : one,
                        ),
                      })
                    }
                  />
                  <span className="text-sm text-muted">%</span>
                  <button
                    type="button"
                    className="text-sm text-muted hover:text-ink"
                    aria-label={`Remove guardrail ${i + 1}`}
                    onClick={() => set({ guardrails: form.guardrails.filter((_, j) => i !== j) })}
                  >
                    Remove
                  </button>
                </div>
              ))}
              <button
                type="button"
                className="button button-quiet"
                onClick={() => set({ guardrails: [...form.guardrails, { metric: 'gmvPerUser', percent: '5' }] })}
              >
                Add a guardrail
              </button>
            </div>
          </fieldset>
          <div className="mt-5 grid gap-5 sm:grid-cols-3">
            {rule('guardrail', 'A guardrail breaks', 'Its whole interval lies beyond the limit.')}
            {rule('srm', 'The split goes wrong', 'Sample ratio mismatch, always-valid p < 0.001.')}
            {rule('plannedEnd', 'The planned days are over', 'Looked at every minute by the worker.')}
          </div>
        </Section>

        <details className="rounded-xl border border-line bg-surface">
          <summary className="px-5 py-4 font-semibold">What counts</summary>
          <div className="grid gap-5 px-5 pb-5 sm:grid-cols-2 xl:grid-cols-3">
            <Field id="clickWindowHours" label="Clicks count within, hours" hint="After the item was shown.">
              <input inputMode="decimal" {...typed('clickWindowHours')} />
            </Field>
            <Field id="orderWindowDays" label="Orders count within, days" hint="After the last exposure.">
              <input inputMode="decimal" {...typed('orderWindowDays')} />
            </Field>
            <Field id="orderAttribution" label="Exposure of" hint="What an order has to follow.">
              <select
                {...typed('orderAttribution')}
                onChange={(event) => set({ orderAttribution: event.target.value as FormPlan['orderAttribution'] })}
              >
                <option value="user">any item to the shopper</option>
                <option value="item">the ordered item</option>
              </select>
            </Field>
            <Field id="lateHours" label="Events may be late, hours" hint="Later ones are left out, and counted.">
              <input inputMode="decimal" {...typed('lateHours')} />
            </Field>
            <Field
              id="gmvCapQuantile"
              label="GMV is capped at quantile"
              hint="Of this shop’s history, fixed at the start. Empty: no cap."
            >
              <input inputMode="decimal" {...typed('gmvCapQuantile')} />
            </Field>
            <Field id="minimumUsers" label="Least shoppers an arm" hint="Below it nothing is concluded.">
              <input inputMode="numeric" {...typed('minimumUsers')} />
            </Field>
            <Field
              id="exploration"
              label="Exploration, %"
              hint="Answers whose order chance had a part in, for off-policy estimates."
            >
              <input inputMode="decimal" {...typed('exploration')} />
            </Field>
            <div className="sm:col-span-2">
              <Field
                id="excludedUsers"
                label="Shoppers who do not count"
                hint="Test accounts and known bots, one a line."
              >
                <textarea rows={3} {...typed('excludedUsers')} className="input h-auto py-2 font-mono text-sm" />
              </Field>
            </div>
          </div>
        </details>

        {mode === 'phase' && (
          <Section title="Why a new phase">
            <Field
              id="note"
              label="Reason"
              hint="All shoppers are dealt out afresh and the figures start from nothing; those of earlier phases stay readable."
            >
              <input
                id="note"
                className="input"
                maxLength={2000}
                required
                value={note}
                aria-describedby="note-hint"
                onChange={(event) => setNote(event.target.value)}
              />
            </Field>
          </Section>
        )}
        <p role="alert" className="text-bad empty:hidden">
          {problem}
        </p>
        <button type="submit" disabled={pending} className="button">
          {pending ? 'Saving…' : buttons[mode]}
        </button>
      </div>
      <PowerPanel
        history={dataset.history}
        currency={dataset.currency}
        metric={metric}
        test={{
          metric: metric.key,
          weights: [weights[control] ?? Number.NaN, ...weights.filter((_, i) => i !== control)],
          plannedDays: Number(form.plannedDays),
          share:
            (((1 - dataset.holdout) * Number(form.traffic)) / 100) *
            (form.layer.trim() === '' ? 1 : Number(form.layerShare) / 100),
          alpha: Number(form.alpha) / 100,
          sequential: form.sequential,
          minimumUsers: Number(form.minimumUsers),
        }}
      />
    </form>
  );
}
