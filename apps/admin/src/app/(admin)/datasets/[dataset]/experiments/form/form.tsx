'use client';

import { zodResolver } from '@hookform/resolvers/zod';
import { Suspense, startTransition, useActionState } from 'react';
import { FormProvider, useForm } from 'react-hook-form';
import { z } from 'zod';
import { TextField } from '#components/forms/form-fields.tsx';
import { Section } from '#components/layout/section.tsx';
import { Waiting } from '#components/layout/waiting.tsx';
import { saveExperiment } from '../actions.ts';
import { Audience } from './audience.tsx';
import { Compared } from './compared.tsx';
import { Counting } from './counting.tsx';
import type { FormDataset, FormMetric } from './form-data.ts';
import { Judgement } from './judgement.tsx';
import { type FormPlan, formPlan, planOf } from './plan.ts';
import { PowerPanel } from './power-panel.tsx';

// The page's security policy refuses compiled code, which zod would try, and the browser reports each refusal.
if (typeof window !== 'undefined') z.config({ jitless: true });

interface ExperimentFormProps {
  mode: 'create' | 'edit' | 'phase';
  id?: string;
  start: FormPlan;
  dataset: FormDataset;
  metrics: FormMetric[];
}

const buttons = { create: 'Save as a draft', edit: 'Save the draft', phase: 'Start the new phase' };

/** Every setting of an experiment, with what it can find beside it. */
export function ExperimentForm({ mode, id, start, dataset, metrics }: ExperimentFormProps) {
  const [problem, send, pending] = useActionState(saveExperiment, undefined);
  const form = useForm<FormPlan>({ defaultValues: start, resolver: zodResolver(formPlan), mode: 'onTouched' });
  const submit = form.handleSubmit((values) => {
    const { name, datasetId, note } = values;
    const asked = { phase: mode === 'phase', name, datasetId, note, plan: planOf(values) };
    startTransition(() => send({ ...asked, ...(id !== undefined && { id }) }));
  });
  return (
    <FormProvider {...form}>
      <form onSubmit={submit} noValidate className="grid items-start gap-6 xl:grid-cols-[minmax(0,1fr)_19rem]">
        <div className="min-w-0 space-y-6">
          <Compared isNamed={mode === 'phase'} dataset={dataset} />
          <Audience dataset={dataset} />
          <Judgement metrics={metrics} />
          <Counting />
          {mode === 'phase' && (
            <Section title="Why a new phase">
              <TextField<FormPlan>
                name="note"
                label="Reason"
                hint="All shoppers are dealt out afresh and the figures start from nothing; those of earlier phases stay readable."
                maxLength={2000}
              />
            </Section>
          )}
          <p role="alert" className="text-bad empty:hidden">
            {problem}
          </p>
          <button type="submit" disabled={pending} className="button">
            {pending ? 'Saving…' : buttons[mode]}
          </button>
        </div>
        <Suspense fallback={<Waiting what="Reading the shop’s history" />}>
          <PowerPanel dataset={dataset} metrics={metrics} />
        </Suspense>
      </form>
    </FormProvider>
  );
}
