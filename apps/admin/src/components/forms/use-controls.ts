'use client';

import { useState } from 'react';

/** What ties a control to its value in a small form, by its name. */
export type Control = (name: string) => {
  id: string;
  name: string;
  value: string;
  className: string;
  'aria-describedby': string;
  onChange: (event: { target: { value: string } }) => void;
};

/** The values of a small form, all of them text, and its controls. A large one is made with form-fields.tsx. */
export function useControls(start: Record<string, string>) {
  const [values, setValues] = useState(start);
  const control: Control = (name) => ({
    ...{ id: name, name, value: values[name] ?? '', className: 'input', 'aria-describedby': `${name}-hint` },
    onChange: ({ target }) => setValues((before) => ({ ...before, [name]: target.value })),
  });
  return { values, setValues, control };
}
