'use client';

import { useFormContext, useWatch } from 'react-hook-form';
import { AreaField, SelectField, TextField } from '#components/form-fields.tsx';
import { Section } from '#components/section.tsx';
import { Arms } from './arms.tsx';
import type { FormDataset } from './form.tsx';
import type { FormPlan } from './plan.ts';

interface ComparedProps {
  mode: 'create' | 'edit' | 'phase';
  dataset: FormDataset;
  datasets: FormDataset[];
}

/** What an experiment compares: its name, its hypothesis and its arms. */
export function Compared({ mode, dataset, datasets }: ComparedProps) {
  const { setValue, getValues } = useFormContext<FormPlan>();
  const design = useWatch<FormPlan, 'design'>({ name: 'design' });
  // Models belong to a dataset, so arms of another one serve that one's models.
  const moveArms = (datasetId: string) => {
    const models = datasets.find(({ id }) => id === datasetId)?.models ?? [];
    const arms = getValues('arms').map((arm, i) => ({
      ...{ ...arm, modelId: models[i % Math.max(1, models.length)]?.id ?? '', indexId: '', rankerId: '' },
    }));
    setValue('datasetId', datasetId);
    setValue('arms', arms);
  };
  return (
    <Section title="What is compared">
      <div className="mb-5 grid gap-5 sm:grid-cols-2">
        <TextField<FormPlan>
          name="name"
          label="Name"
          hint="Its users are dealt out by a hash of it."
          maxLength={200}
          readOnly={mode === 'phase'}
        />
        {mode === 'create' && datasets.length > 1 && (
          <div>
            <label htmlFor="datasetId" className="mb-1 block text-sm font-medium">
              Dataset
            </label>
            <select
              id="datasetId"
              className="input"
              value={dataset.id}
              onChange={({ target }) => moveArms(target.value)}
            >
              {datasets.map((one) => (
                <option key={one.id} value={one.id}>
                  {one.name}
                </option>
              ))}
            </select>
          </div>
        )}
        <div className="sm:col-span-2">
          <AreaField<FormPlan>
            name="hypothesis"
            label="Hypothesis"
            hint="What you expect and why, before the first figure."
            rows={2}
            maxLength={2000}
          />
        </div>
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
      </div>
      <Arms models={dataset.models} rankers={dataset.rankers} />
    </Section>
  );
}
