'use client';

import { useFormContext, useWatch } from 'react-hook-form';
import { SelectField, TextField } from '#components/forms/form-fields.tsx';
import { RowEditor } from '#components/forms/row-editor.tsx';
import type { FormDataset } from './form-data.ts';
import { evenly, type FormArm, type FormPlan, followed } from './plan.ts';

const split = (arms: FormArm[]): FormArm[] => {
  const shares = evenly(arms.length);
  return arms.map((arm, i) => ({ ...arm, percent: shares[i]! }));
};

/** The same shares for all, and the first as the control where none is. */
const settle = (arms: FormArm[]): FormArm[] => {
  const hasControl = arms.some(({ control }) => control);
  return split(arms.map((arm, i) => ({ ...arm, control: hasControl ? arm.control : i === 0 })));
};

const isServedAlike = (arms: FormArm[]): boolean =>
  new Set(arms.map((arm) => [arm.modelId, arm.indexId, arm.alpha, arm.diversity, arm.rankerId].join())).size === 1;

/** What each arm serves, and how many of the shoppers see it. */
export function Arms({ models, registered, rankers }: Pick<FormDataset, 'models' | 'registered' | 'rankers'>) {
  const { setValue } = useFormContext<FormPlan>();
  const arms = useWatch<FormPlan, 'arms'>({ name: 'arms' });
  const nameOf = (place: number) => arms[place]?.name || `arm ${place + 1}`;
  return (
    <>
      <RowEditor<FormPlan, 'arms'>
        name="arms"
        legend="Arms"
        add="Add an arm"
        fresh={(rows) => ({
          ...{ name: `arm ${rows.length + 1}`, modelId: rows.at(-1)?.modelId ?? models[0]?.id ?? '', indexId: '' },
          ...{ percent: '0', control: false, alpha: '', diversity: '', rankerId: '' },
        })}
        settle={settle}
        rowName={nameOf}
        least={2}
        actions={
          <>
            <button type="button" className="button button-quiet" onClick={() => setValue('arms', split(arms))}>
              Split evenly
            </button>
            <SumOfShares arms={arms} />
          </>
        }
      >
        {(place) => <ArmFields place={place} name={nameOf(place)} {...{ arms, models, registered, rankers }} />}
      </RowEditor>
      {isServedAlike(arms) && (
        <p className="mt-3 text-sm text-muted">
          All arms serve the same: this is an A/A test, which has to come out null.
        </p>
      )}
    </>
  );
}

function SumOfShares({ arms }: { arms: FormArm[] }) {
  const sum = arms.reduce((total, { percent }) => total + Number(percent), 0);
  return (
    <p role="status" className={`text-sm ${Math.abs(sum - 100) < 0.2 ? 'text-muted' : 'text-bad'}`}>
      {Number.isFinite(sum) ? `The shares sum to ${Number(sum.toFixed(2))} %.` : 'A share is no number.'}
    </p>
  );
}

interface ArmFieldsProps extends Pick<FormDataset, 'models' | 'registered' | 'rankers'> {
  place: number;
  name: string;
  arms: FormArm[];
}

function ArmFields({ place, name, arms, models, registered, rankers }: ArmFieldsProps) {
  const { setValue } = useFormContext<FormPlan>();
  const at = `arms.${place}` as const;
  const indexes = models.find(({ id }) => id === arms[place]?.modelId)?.indexes ?? [];
  return (
    <div className="space-y-3">
      <div className="grid gap-3 sm:grid-cols-2 lg:grid-cols-[minmax(0,2fr)_minmax(0,3fr)_minmax(0,2fr)_6rem]">
        <TextField<FormPlan> name={`${at}.name`} label="Name" fullLabel={`Name of arm ${place + 1}`} maxLength={200} />
        <SelectField<FormPlan>
          name={`${at}.modelId`}
          label="Model"
          fullLabel={`Model of ${name}`}
          onChangeCapture={() => setValue(`${at}.indexId`, '')}
        >
          {registered.map((model) => (
            <option key={model.id} value={followed(model.id)}>
              {model.name}, its champion
            </option>
          ))}
          {models.map((model) => (
            <option key={model.id} value={model.id}>
              {model.name}
              {model.indexes.length === 0 ? ' (no index)' : ''}
            </option>
          ))}
        </SelectField>
        <SelectField<FormPlan> name={`${at}.indexId`} label="Index" fullLabel={`Index of ${name}`}>
          <option value="">the active one</option>
          {indexes.map(({ id, title }) => (
            <option key={id} value={id}>
              {title}
            </option>
          ))}
        </SelectField>
        <TextField<FormPlan>
          name={`${at}.percent`}
          label="Share, %"
          fullLabel={`Share, % of ${name}`}
          inputMode="decimal"
        />
      </div>
      <details>
        <summary className="w-fit text-sm text-muted hover:text-ink">How it is ranked</summary>
        <div className="mt-2 grid gap-3 sm:grid-cols-3">
          <TextField<FormPlan>
            name={`${at}.alpha`}
            label="Dearer items first (α)"
            fullLabel={`Dearer items first (α) of ${name}`}
            hint="0 ranks by clicks alone, 1 by clicks × price. Empty: the ranker’s own."
            inputMode="decimal"
          />
          <TextField<FormPlan>
            name={`${at}.diversity`}
            label="Diversity"
            fullLabel={`Diversity of ${name}`}
            hint="0 to 1: how much neighbours in a list must differ. Empty: the ranker’s own."
            inputMode="decimal"
          />
          <SelectField<FormPlan> name={`${at}.rankerId`} label="Ranker" fullLabel={`Ranker of ${name}`}>
            <option value="">the newest</option>
            {rankers.map(({ id, title }) => (
              <option key={id} value={id}>
                {title}
              </option>
            ))}
          </SelectField>
        </div>
      </details>
      <label className="inline-flex items-center gap-2 text-sm">
        <input
          type="radio"
          name="control"
          aria-label={`${name} is the control`}
          checked={arms[place]?.control ?? false}
          onChange={() =>
            setValue(
              'arms',
              arms.map((arm, i) => ({ ...arm, control: i === place })),
            )
          }
        />
        The control: what the others are compared with
      </label>
    </div>
  );
}
