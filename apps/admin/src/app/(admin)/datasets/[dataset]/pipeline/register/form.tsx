'use client';

import { useActionState } from 'react';
import { Field } from '#components/forms/field.tsx';
import { submitting } from '#components/forms/submitting.ts';
import { useControls } from '#components/forms/use-controls.ts';
import { useZone } from '#components/layout/time.tsx';
import { KindFields } from '#components/models/kind-fields.tsx';
import { register } from '../actions.ts';
import { type Terms, TermsFields } from '../terms-fields.tsx';

interface RegisterFormProps {
  datasetId: string;
  kinds: { kind: string; title: string; summary: string }[];
  presets: readonly string[];
  terms: Terms;
}

export function RegisterForm({ datasetId, kinds, presets, terms }: RegisterFormProps) {
  const [problem, send, pending] = useActionState(register, undefined);
  const zone = useZone();
  const { values, control } = useControls({ name: '', kind: kinds.at(-1)?.kind ?? '', preset: 'auto' });
  return (
    <form onSubmit={submitting(send)} className="space-y-6">
      <input type="hidden" name="datasetId" value={datasetId} />
      <div className="grid gap-5 sm:grid-cols-2 xl:grid-cols-3">
        <Field id="name" label="Name" hint="Such as home-page: a–z, 0–9, dots, dashes and underscores.">
          <input type="text" required maxLength={63} autoComplete="off" {...control('name')} />
        </Field>
        <KindFields
          label="Kind"
          {...{ kinds, presets, values, control }}
          presetHint="How it is trained: auto finds what suits the data, at the first refresh and once a month."
        />
      </div>
      {/* The schedule is meant in the zone of whoever writes it; it is known once the page has come to life. */}
      <TermsFields key={zone} terms={{ ...terms, timeZone: zone }} />
      <p role="alert" className="text-bad empty:hidden">
        {problem}
      </p>
      <button type="submit" disabled={pending} className="button">
        {pending ? 'Registering…' : 'Register'}
      </button>
    </form>
  );
}
