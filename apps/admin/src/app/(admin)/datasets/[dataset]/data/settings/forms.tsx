'use client';

import { useActionState } from 'react';
import { Confirm } from '#components/forms/confirm.tsx';
import { Field } from '#components/forms/field.tsx';
import { Submit } from '#components/forms/submit.tsx';
import { addEventType, removeEventType, saveLists } from './actions.ts';

interface SwitchFieldProps {
  name: string;
  label: string;
  hint: string;
  isOn?: boolean;
  /** What is so where it is on. */
  children: string;
}

const SwitchField = ({ name, label, hint, isOn = false, children }: SwitchFieldProps) => (
  <Field id={name} label={label} hint={hint}>
    <label className="flex items-center gap-2 py-1.5">
      <input id={name} name={name} type="checkbox" defaultChecked={isOn} aria-describedby={`${name}-hint`} />
      {children}
    </label>
  </Field>
);

interface ListsFormProps {
  datasetId: string;
  language: string;
  /** Those that reasons are written in. */
  languages: readonly string[];
  demoteAfter: number;
  showOutOfStock: boolean;
}

/** What holds for every list of the shop. */
export function ListsForm({ datasetId, language, languages, demoteAfter, showOutOfStock }: ListsFormProps) {
  const [answer, action] = useActionState(saveLists, undefined);
  const isSaved = answer === 'Saved.';
  return (
    <form action={action} className="space-y-5">
      <input type="hidden" name="datasetId" value={datasetId} />
      <div className="grid gap-5 sm:grid-cols-2 xl:grid-cols-3">
        <Field
          id="language"
          label="Language"
          hint="In which shoppers read why an item is there. A request may say another."
        >
          <select
            id="language"
            name="language"
            defaultValue={language}
            key={language}
            className="input"
            aria-describedby="language-hint"
          >
            {[...new Set([language, ...languages])].map((tag) => (
              <option key={tag} value={tag}>
                {new Intl.DisplayNames(['en'], { type: 'language' }).of(tag)}
              </option>
            ))}
          </select>
        </Field>
        <Field
          id="demoteAfter"
          label="Demote after"
          hint="Impressions of an item that a shopper did not click on: its score is halved for them, each time anew. 0: never. An arm of an experiment may say another number."
        >
          <input
            id="demoteAfter"
            name="demoteAfter"
            type="number"
            min={0}
            max={1000}
            step={1}
            required
            defaultValue={demoteAfter}
            className="input"
            aria-describedby="demoteAfter-hint"
          />
        </Field>
        <SwitchField
          name="showOutOfStock"
          label="Out of stock"
          hint="Whether lists show items that are out of stock. A request's filter decides otherwise."
          isOn={showOutOfStock}
        >
          Show them
        </SwitchField>
      </div>
      <p role={isSaved ? 'status' : 'alert'} className={isSaved ? 'text-muted' : 'text-bad empty:hidden'}>
        {answer}
      </p>
      <Submit busy="Saving…">Save</Submit>
    </form>
  );
}

/** Declares an event type. */
export function EventTypeForm({ datasetId }: { datasetId: string }) {
  const [problem, action] = useActionState(addEventType, undefined);
  return (
    <form action={action} className="space-y-5">
      <input type="hidden" name="datasetId" value={datasetId} />
      <div className="grid gap-5 sm:grid-cols-2 xl:grid-cols-3">
        <Field
          id="name"
          label="Name"
          hint="As the shop sends it, such as wishlist. One that there is gets the new weight."
        >
          <input id="name" name="name" required maxLength={50} className="input" aria-describedby="name-hint" />
        </Field>
        <Field
          id="weight"
          label="Weight"
          hint="What it says of an item, where a purchase weighs 1; below zero: unwanted."
        >
          <input
            id="weight"
            name="weight"
            type="number"
            min={-10}
            max={10}
            step="any"
            required
            className="input"
            aria-describedby="weight-hint"
          />
        </Field>
        <SwitchField
          name="hides"
          label="Hides"
          hint="Whether it takes the item out of the shopper's lists, as a purchase does."
        >
          Hide the item
        </SwitchField>
      </div>
      <p role="alert" className="text-bad empty:hidden">
        {problem}
      </p>
      <Submit busy="Adding…">Add event type</Submit>
    </form>
  );
}

/** Takes an event type back. */
export function EventTypeRemoval({ datasetId, name }: { datasetId: string; name: string }) {
  return (
    <Confirm
      label="Remove"
      about={name}
      busy="Removing…"
      title={`Remove the event type ${name}?`}
      action={removeEventType}
      fields={{ datasetId, name }}
    >
      <p>Events of it that come from now on are refused. Those that there are stay in the log, and teach no more.</p>
    </Confirm>
  );
}
