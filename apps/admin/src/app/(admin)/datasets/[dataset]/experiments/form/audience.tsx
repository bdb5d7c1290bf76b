'use client';

import { useWatch } from 'react-hook-form';
import { TextField } from '#components/forms/form-fields.tsx';
import { RowEditor } from '#components/forms/row-editor.tsx';
import { Section } from '#components/layout/section.tsx';
import type { FormDataset } from './form-data.ts';
import type { FormPlan } from './plan.ts';

/** Who can be in the experiment. */
export function Audience({ dataset: { name, holdout, layers } }: { dataset: FormDataset }) {
  const layer = useWatch<FormPlan, 'layer'>({ name: 'layer' });
  return (
    <Section title="Who is in it">
      <div className="mb-5 grid gap-5 sm:grid-cols-2 xl:grid-cols-3">
        <TextField<FormPlan>
          name="traffic"
          label="Traffic, %"
          hint="Of the shoppers it may have. It can be raised at any time: nobody moves between arms."
          inputMode="decimal"
        />
        <TextField<FormPlan>
          name="layer"
          label="Layer"
          hint="Experiments of one layer share no shopper. Empty: none."
          maxLength={100}
          list="layers"
          autoComplete="off"
        />
        <datalist id="layers">
          {layers.map((known) => (
            <option key={known} value={known} />
          ))}
        </datalist>
        {layer.trim() !== '' && (
          <TextField<FormPlan>
            name="layerShare"
            label="Of the layer, %"
            hint="Shoppers that it holds while it runs."
            inputMode="decimal"
          />
        )}
      </div>
      <RowEditor<FormPlan, 'targeting'>
        name="targeting"
        legend="Targeting"
        note={
          <>
            Every line must hold. Values come from the request’s context or placement, else from the shopper’s own data.
            {holdout > 0 && ` ${100 * holdout} % of ${name}’s shoppers are held out of every experiment.`}
          </>
        }
        add="Add a line"
        fresh={() => ({ attribute: '', values: '' })}
        rowName={(place) => `line ${place + 1}`}
      >
        {(place) => (
          <div className="grid items-start gap-2 sm:grid-cols-[11rem_auto_minmax(0,1fr)]">
            <TextField<FormPlan>
              name={`targeting.${place}.attribute`}
              label={`Attribute of line ${place + 1}`}
              hideLabel
              placeholder="device"
            />
            <span className="py-1.5 text-sm text-muted">is one of</span>
            <TextField<FormPlan>
              name={`targeting.${place}.values`}
              label={`Values of line ${place + 1}, with commas`}
              hideLabel
              placeholder="phone, tablet"
            />
          </div>
        )}
      </RowEditor>
    </Section>
  );
}
