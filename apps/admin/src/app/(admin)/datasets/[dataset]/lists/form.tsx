'use client';

import { useActionState } from 'react';
import { Field } from '#components/forms/field.tsx';
import { Submit } from '#components/forms/submit.tsx';
import { makeLists } from './actions.ts';

export function ListsForm({ datasetId }: { datasetId: string }) {
  const [problem, action] = useActionState(makeLists, undefined);
  return (
    <form action={action} className="space-y-5">
      <input type="hidden" name="datasetId" value={datasetId} />
      <div className="grid gap-5 sm:grid-cols-2 xl:grid-cols-4">
        <Field id="of" label="Whose" hint="Every user’s list, or what is like each item.">
          <select id="of" name="of" className="input" defaultValue="users">
            <option value="users">All users</option>
            <option value="items">All items</option>
          </select>
        </Field>
        <Field id="k" label="Items in a list" hint="1 to 1,000.">
          <input id="k" name="k" type="number" min={1} max={1000} defaultValue={20} required className="input" />
        </Field>
        <Field id="format" label="File" hint="CSV and Parquet: a row an item. JSON lines: a line a list.">
          <select id="format" name="format" className="input" defaultValue="csv">
            <option value="csv">CSV</option>
            <option value="parquet">Parquet</option>
            <option value="jsonl">JSON lines</option>
          </select>
        </Field>
        <Field id="placement" label="Placement" hint="For what is deployed there and its rules. Empty: everywhere.">
          <input id="placement" name="placement" type="text" maxLength={100} className="input" />
        </Field>
      </div>
      <p role="alert" className="text-bad empty:hidden">
        {problem}
      </p>
      <Submit busy="Queueing…">Make the file</Submit>
    </form>
  );
}
