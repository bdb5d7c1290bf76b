'use client';

import type { ComponentProps, ReactNode } from 'react';
import { type FieldPath, type FieldValues, useFormContext } from 'react-hook-form';

interface FormFieldProps<Values extends FieldValues> {
  name: FieldPath<Values>;
  label: ReactNode;
  hint?: ReactNode;
  /** Where a label is said again in every row: what it is called there, the label's rest words first. */
  fullLabel?: string;
  /** The label is read out but not seen. */
  hideLabel?: boolean;
}

/** The id, registration and error of one field of the form around it. */
function useField<Values extends FieldValues>({ name, fullLabel }: FormFieldProps<Values>) {
  const { register, getFieldState, formState } = useFormContext<Values>();
  const { error } = getFieldState(name, formState);
  const control = {
    id: name,
    ...register(name),
    'aria-label': fullLabel,
    'aria-invalid': error !== undefined,
    'aria-describedby': `${name}-hint`,
  };
  return { control, error: error?.message };
}

interface FrameProps {
  id: string;
  label: ReactNode;
  hideLabel: boolean;
  hint: ReactNode;
  error: string | undefined;
  children: ReactNode;
}

const Frame = ({ id, label, hideLabel, hint, error, children }: FrameProps) => (
  <div className="min-w-0">
    <label htmlFor={id} className={hideLabel ? 'sr-only' : 'mb-1 block text-sm font-medium'}>
      {label}
    </label>
    {children}
    <p id={`${id}-hint`} className={`mt-1 text-xs empty:hidden ${error ? 'text-bad' : 'text-muted'}`}>
      {error ?? hint}
    </p>
  </div>
);

type Extra<Element extends 'input' | 'select' | 'textarea'> = Omit<ComponentProps<Element>, 'name' | 'id' | 'form'>;

/** A line of text or a number of the form around it, with its label, hint and error. */
export function TextField<Values extends FieldValues>(props: FormFieldProps<Values> & Extra<'input'>) {
  const { name, label, hint, fullLabel, hideLabel = false, className = '', ...rest } = props;
  const { control, error } = useField(props);
  return (
    <Frame id={name} {...{ label, hideLabel, hint, error }}>
      <input type="text" {...rest} {...control} className={`input ${className}`} />
    </Frame>
  );
}

/** Several lines of text. */
export function AreaField<Values extends FieldValues>(props: FormFieldProps<Values> & Extra<'textarea'>) {
  const { name, label, hint, fullLabel, hideLabel = false, className = '', ...rest } = props;
  const { control, error } = useField(props);
  return (
    <Frame id={name} {...{ label, hideLabel, hint, error }}>
      <textarea {...rest} {...control} className={`input h-auto py-2 ${className}`} />
    </Frame>
  );
}

/** One of several: the options are its children. */
export function SelectField<Values extends FieldValues>(props: FormFieldProps<Values> & Extra<'select'>) {
  const { name, label, hint, fullLabel, hideLabel = false, className = '', ...rest } = props;
  const { control, error } = useField(props);
  return (
    <Frame id={name} {...{ label, hideLabel, hint, error }}>
      <select {...rest} {...control} className={`input ${className}`} />
    </Frame>
  );
}
