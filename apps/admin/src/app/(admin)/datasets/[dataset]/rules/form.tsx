'use client';

import { useActionState, useEffect } from 'react';
import { Field } from '#components/forms/field.tsx';
import { ItemField } from '#components/forms/item-field.tsx';
import { submitting } from '#components/forms/submitting.ts';
import { type Control, useControls } from '#components/forms/use-controls.ts';
import { useZone } from '#components/layout/time.tsx';
import { addRule } from './actions.ts';

const kinds = {
  pin: ['Pin', 'Always at a place, whoever asks.'],
  boost: ['Boost', 'Its score is multiplied, so that it comes earlier.'],
  bury: ['Bury', 'Its score is multiplied by less than one, so that it comes later.'],
  block: ['Block', 'Never shown.'],
} as const;

const nothing = {
  kind: 'boost',
  concerns: 'item',
  name: '',
  place: '',
  factor: '',
  placement: '',
  startsAt: '',
  endsAt: '',
  note: '',
};

export function RuleForm({ datasetId, categories }: { datasetId: string; categories: string[] }) {
  const [problem, send, pending] = useActionState(addRule, undefined);
  const { values, setValues, control } = useControls(nothing);
  useEffect(() => {
    if (problem === '') setValues(nothing);
  }, [problem, setValues]);
  const submit = submitting(send, (data) => {
    // The browser's clock is the author's: what is stored is the moment meant.
    for (const key of ['startsAt', 'endsAt']) {
      const local = data.get(key);
      if (local) data.set(key, new Date(String(local)).toISOString());
    }
  });
  const { kind = 'boost', concerns } = values;
  const isCategory = concerns === 'category' && kind !== 'pin';
  return (
    <form onSubmit={submit} className="space-y-5">
      <input type="hidden" name="datasetId" value={datasetId} />
      <div className="grid gap-5 sm:grid-cols-2 xl:grid-cols-3">
        <Field id="kind" label="Rule" hint={kinds[kind as keyof typeof kinds][1]}>
          <select {...control('kind')}>
            {Object.entries(kinds).map(([key, [title]]) => (
              <option key={key} value={key}>
                {title}
              </option>
            ))}
          </select>
        </Field>
        {kind !== 'pin' && (
          <Field id="concerns" label="Concerns">
            <select
              {...control('concerns')}
              // An item is no category: what was chosen of one is nothing of the other.
              onChange={({ target }) => setValues({ ...values, concerns: target.value, name: '' })}
            >
              <option value="item">One item</option>
              <option value="category">A whole category</option>
            </select>
          </Field>
        )}
        {isCategory ? (
          <Field id="name" label="Category">
            <select {...control('name')} required>
              <option value="">Choose…</option>
              {categories.map((category) => (
                <option key={category}>{category}</option>
              ))}
            </select>
          </Field>
        ) : (
          <ItemField
            name="name"
            label="Item"
            datasetId={datasetId}
            value={values.name ?? ''}
            onChange={(name) => setValues({ ...values, name })}
          />
        )}
        <Strength kind={kind} control={control} />
        <WhereAndWhen control={control} />
      </div>
      <p role="alert" className="text-bad empty:hidden">
        {problem}
      </p>
      <button type="submit" disabled={pending} className="button">
        {pending ? 'Adding…' : 'Add rule'}
      </button>
    </form>
  );
}

/** How much a rule does: a pin's place, or what a score is multiplied by. */
function Strength({ kind, control }: { kind: string; control: Control }) {
  return (
    <>
      {kind === 'pin' && (
        <Field id="place" label="Place" hint="1 is the first.">
          <input type="number" min={1} max={100} step={1} required {...control('place')} />
        </Field>
      )}
      {(kind === 'boost' || kind === 'bury') && (
        <Field
          id="factor"
          label="Factor"
          hint={kind === 'boost' ? 'Above 1; 2 when left empty.' : 'Between 0 and 1; 0.5 when left empty.'}
        >
          <input type="number" min={0} step="any" {...control('factor')} />
        </Field>
      )}
    </>
  );
}

/** Which lists a rule is for, from when to when, and why. */
function WhereAndWhen({ control }: { control: Control }) {
  const zone = useZone();
  return (
    <>
      <Field id="placement" label="Placement" hint="As the storefront names it, such as home. Empty: everywhere.">
        <input type="text" maxLength={100} {...control('placement')} />
      </Field>
      <Field id="startsAt" label="From" hint={`Empty: from now on. In your time, ${zone}.`}>
        <input type="datetime-local" {...control('startsAt')} />
      </Field>
      <Field id="endsAt" label="Until" hint={`Empty: until it is removed. In your time, ${zone}.`}>
        <input type="datetime-local" {...control('endsAt')} />
      </Field>
      <Field id="note" label="Note" hint="Why, for whoever reads it later.">
        <input type="text" maxLength={500} {...control('note')} />
      </Field>
    </>
  );
}
