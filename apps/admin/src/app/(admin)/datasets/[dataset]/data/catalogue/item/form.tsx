'use client';

import { useActionState } from 'react';
import { Field } from '#components/forms/field.tsx';
import { submitting } from '#components/forms/submitting.ts';
import { save } from './actions.ts';

interface ItemFormProps {
  datasetId: string;
  currency: string;
  isNew: boolean;
  categories: string[];
  values: {
    externalId: string;
    title: string;
    category: string;
    /** In major units. */
    price: string;
    inStock: boolean;
    withdrawn: boolean;
    /** One "name: value" a line. */
    attributes: string;
  };
}

export function ItemForm({ datasetId, currency, isNew, categories, values }: ItemFormProps) {
  const [problem, send, pending] = useActionState(save, undefined);
  const control = (name: string) => ({ id: name, name, className: 'input', 'aria-describedby': `${name}-hint` });
  return (
    <form onSubmit={submitting(send)} className="space-y-5">
      <input type="hidden" name="datasetId" value={datasetId} />
      <input type="hidden" name="isNew" value={isNew ? 'yes' : ''} />
      <datalist id="categories">
        {categories.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      <div className="grid gap-5 sm:grid-cols-2">
        <Field id="externalId" label="Id" hint="What storefronts send and receive. It stays as it is.">
          <input
            {...control('externalId')}
            defaultValue={values.externalId}
            readOnly={!isNew}
            required
            maxLength={200}
          />
        </Field>
        <Field id="title" label="Title">
          <input {...control('title')} defaultValue={values.title} maxLength={1000} />
        </Field>
        <Field id="category" label="Category" hint="One that is new is made.">
          <input {...control('category')} defaultValue={values.category} list="categories" autoComplete="off" />
        </Field>
        <Field id="price" label={`Price in ${currency}`} hint="Empty where it is not known.">
          <input {...control('price')} defaultValue={values.price} inputMode="decimal" />
        </Field>
        <Field
          id="attributes"
          label="Attributes"
          hint={
            <>
              One a line, as <code className="font-mono">colour: red</code>. Several values are joined by |, such as{' '}
              <code className="font-mono">tags: new|sale</code>.
            </>
          }
        >
          <textarea {...control('attributes')} className="input h-32" defaultValue={values.attributes} />
        </Field>
        <fieldset className="space-y-2">
          <legend className="mb-1 text-sm font-medium">Shown</legend>
          <label className="flex items-center gap-2">
            <input type="checkbox" name="inStock" defaultChecked={values.inStock} />
            In stock
          </label>
          <label className="flex items-center gap-2">
            <input type="checkbox" name="withdrawn" defaultChecked={values.withdrawn} />
            Withdrawn: answers leave it out, histories still show it
          </label>
        </fieldset>
      </div>
      <p role="alert" className="text-bad empty:hidden">
        {problem}
      </p>
      <button type="submit" disabled={pending} className="button">
        {pending ? 'Saving…' : isNew ? 'Add' : 'Save'}
      </button>
    </form>
  );
}
