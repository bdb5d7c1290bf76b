'use client';

import type { ReactNode } from 'react';
import { type ArrayPath, type FieldArray, type FieldValues, useFieldArray, useFormContext } from 'react-hook-form';

interface RowEditorProps<Values extends FieldValues, Name extends ArrayPath<Values>> {
  name: Name;
  legend: string;
  note?: ReactNode;
  /** On the button that adds a row. */
  add: string;
  /** The row that it adds after these. */
  fresh: (rows: FieldArray<Values, Name>[]) => FieldArray<Values, Name>;
  /** What the rows become once one is added or removed. */
  settle?: (rows: FieldArray<Values, Name>[]) => FieldArray<Values, Name>[];
  /** What the button that removes a row calls it. */
  rowName: (place: number) => string;
  /** Rows that must stay. */
  least?: number;
  /** Beside the button that adds a row. */
  actions?: ReactNode;
  /** The fields of a row. */
  children: (place: number) => ReactNode;
}

/** The one editor of a list in a form: rows of fields that are added and removed. */
export function RowEditor<Values extends FieldValues, Name extends ArrayPath<Values>>(
  props: RowEditorProps<Values, Name>,
) {
  const { name, legend, note, add, fresh, settle = (rows) => rows, rowName, least = 0, actions, children } = props;
  const { control, getValues } = useFormContext<Values>();
  const { fields, replace } = useFieldArray<Values, Name>({ control, name });
  const rows = () => getValues(name as never) as unknown as FieldArray<Values, Name>[];
  return (
    <fieldset className="min-w-0">
      <legend className="mb-1 text-sm font-medium">{legend}</legend>
      {note && <p className="mb-2 text-xs text-muted">{note}</p>}
      <ul className="space-y-2">
        {fields.map(({ id }, place) => (
          <li key={id} className="flex flex-wrap items-start gap-x-3 gap-y-1 rounded-lg border border-line px-3 py-2">
            <div className="min-w-0 flex-1">{children(place)}</div>
            <button
              type="button"
              className="py-1.5 text-sm text-muted hover:text-ink disabled:hidden"
              disabled={fields.length <= least}
              aria-label={`Remove ${rowName(place)}`}
              onClick={() => replace(settle(rows().filter((_, i) => i !== place)))}
            >
              Remove
            </button>
          </li>
        ))}
      </ul>
      <div className="mt-2 flex flex-wrap items-center gap-3">
        <button
          type="button"
          className="button button-quiet"
          onClick={() => replace(settle([...rows(), fresh(rows())]))}
        >
          {add}
        </button>
        {actions}
      </div>
    </fieldset>
  );
}
