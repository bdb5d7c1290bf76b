'use client';

import { useActionState } from 'react';
import { Confirm } from '#components/forms/confirm.tsx';
import { Field } from '#components/forms/field.tsx';
import { Submit } from '#components/forms/submit.tsx';
import { submitting } from '#components/forms/submitting.ts';
import { DataTable } from '#components/layout/data-table.tsx';
import { useDatasetPath } from '#components/layout/dataset-link.tsx';
import { forget, keep, look } from './actions.ts';

/** Finds what is kept of a customer, hands it out, and erases it. */
export function CustomerForm({ datasetId }: { datasetId: string }) {
  const [{ userId, rows, problem }, send, pending] = useActionState(look, {});
  const dataset = useDatasetPath();
  return (
    <div className="space-y-5">
      <form onSubmit={submitting(send)} className="flex flex-wrap items-start gap-x-3">
        <input type="hidden" name="datasetId" value={datasetId} />
        <div className="w-72">
          <Field id="userId" label="Customer" hint="The shop’s own id, or that of a visitor who never logged in.">
            <input
              id="userId"
              name="userId"
              required
              maxLength={200}
              autoComplete="off"
              className="input"
              aria-describedby="userId-hint"
            />
          </Field>
        </div>
        <button type="submit" disabled={pending} className="button button-quiet mt-6">
          {pending ? 'Looking…' : 'Look'}
        </button>
      </form>
      <p role="alert" className="text-bad empty:hidden">
        {problem}
      </p>
      {userId !== undefined && rows !== undefined && (
        <div className="space-y-4">
          <DataTable
            caption={`What is kept of ${userId}`}
            showCaption
            rows={rows}
            rowKey={({ what }) => what}
            columns={[
              { title: 'What', rowHeader: true, cell: ({ what }) => what },
              { title: 'Rows', numeric: true, cell: ({ rows: n }) => n },
            ]}
          />
          <div className="flex flex-wrap gap-3">
            <form method="post" action={`${dataset}/data/privacy/export`}>
              <input type="hidden" name="userId" value={userId} />
              <button type="submit" className="button button-quiet">
                Download all of it
              </button>
            </form>
            <Confirm
              label="Forget"
              about={userId}
              busy="Asking the worker…"
              title={`Forget the customer ${userId}?`}
              action={forget}
              fields={{ datasetId, userId }}
            >
              <p>
                Everything above is erased, with their rows in older snapshots, rejected rows, files of lists and logs.
                Nothing brings it back.
              </p>
            </Confirm>
          </div>
        </div>
      )}
    </div>
  );
}

interface KeepFormProps {
  datasetId: string;
  /** Days by type; undefined where it is kept as long as all. */
  types: { name: string; days: number | undefined }[];
  mostDays: number;
}

/** For how many days the events of each type are kept. */
export function KeepForm({ datasetId, types, mostDays }: KeepFormProps) {
  const [problem, action] = useActionState(keep, undefined);
  return (
    <form action={action} className="space-y-5">
      <input type="hidden" name="datasetId" value={datasetId} />
      <div className="grid gap-5 sm:grid-cols-2 md:grid-cols-3 xl:grid-cols-4">
        {types.map(({ name, days }) => (
          <Field key={name} id={`days-${name}`} label={`${name[0]!.toUpperCase()}${name.slice(1)}`}>
            <input
              id={`days-${name}`}
              name={`days-${name}`}
              type="number"
              min={1}
              max={mostDays}
              defaultValue={days}
              placeholder={String(mostDays)}
              className="input"
            />
          </Field>
        ))}
      </div>
      <p
        role={problem === 'Kept.' ? 'status' : 'alert'}
        className={problem === 'Kept.' ? 'text-muted' : 'text-bad empty:hidden'}
      >
        {problem}
      </p>
      <Submit busy="Saving…">Save</Submit>
    </form>
  );
}
