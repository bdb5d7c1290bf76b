'use client';

import { useWatch } from 'react-hook-form';
import { AreaField, SelectField, TextField } from '#components/forms/form-fields.tsx';
import { Section } from '#components/layout/section.tsx';
import { Arms } from './arms.tsx';
import type { FormDataset } from './form-data.ts';
import type { FormPlan } from './plan.ts';

interface ComparedProps {
  /** The name stays: shoppers are dealt out by it. */
  isNamed: boolean;
  dataset: FormDataset;
}

/** What an experiment compares: its name, its hypothesis and its arms. */
export function Compared({ isNamed, dataset }: ComparedProps) {
  const design = useWatch<FormPlan, 'design'>({ name: 'design' });
  return (
    <Section title="What is compared">
      <div className="mb-5 grid gap-5 sm:grid-cols-2">
        <TextField<FormPlan>
          name="name"
          label="Name"
          hint="Its users are dealt out by a hash of it."
          maxLength={200}
          readOnly={isNamed}
        />
        <SelectField<FormPlan>
          name="design"
          label="Design"
          hint={
            design === 'ab'
              ? 'Each shopper sees one arm.'
              : 'Each list is drafted from two arms, and clicks tell between them: more sensitive, but of clicks alone.'
          }
        >
          <option value="ab">A/B: shoppers are split</option>
          <option value="interleaving">Interleaving: lists are mixed</option>
        </SelectField>
        <div className="sm:col-span-2">
          <AreaField<FormPlan>
            name="hypothesis"
            label="Hypothesis"
            hint="What you expect and why, before the first figure."
            rows={2}
            maxLength={2000}
          />
        </div>
      </div>
      <Arms models={dataset.models} registered={dataset.registered} rankers={dataset.rankers} />
    </Section>
  );
}
