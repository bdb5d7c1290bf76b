'use client';

import type { Person } from '@duet/db/people';
import { useActionState } from 'react';
import { Field } from '#components/forms/field.tsx';
import { Once } from '#components/forms/once.tsx';
import { submitting } from '#components/forms/submitting.ts';
import { useControls } from '#components/forms/use-controls.ts';
import { invite } from './actions.ts';

/** Role → what it may do. */
export type RoleMeanings = Record<Person['role'], string>;

export function InviteForm({ meanings }: { meanings: RoleMeanings }) {
  const [{ link, problem }, send, pending] = useActionState(invite, {});
  const { values, control } = useControls({ email: '', name: '', role: 'viewer' });
  const meaning = meanings[values.role as Person['role']];
  return (
    <form onSubmit={submitting(send)} className="space-y-5">
      <div className="grid gap-5 sm:grid-cols-3">
        <Field id="email" label="E-mail" hint="They log in with it; nothing is sent to it.">
          <input type="email" required maxLength={254} autoComplete="off" {...control('email')} />
        </Field>
        <Field id="name" label="Name">
          <input required maxLength={100} autoComplete="off" {...control('name')} />
        </Field>
        <Field id="role" label="Role" hint={`May ${meaning}.`}>
          <select {...control('role')}>
            {Object.keys(meanings).map((role) => (
              <option key={role}>{role}</option>
            ))}
          </select>
        </Field>
      </div>
      <p role="alert" className="text-sm text-bad empty:hidden">
        {problem}
      </p>
      <button type="submit" disabled={pending} className="button">
        {pending ? 'Inviting…' : 'Invite'}
      </button>
      {link && (
        <Once key={link} title="Give them this link now: it cannot be shown again." secret={link}>
          <p className="mt-3 text-sm text-muted">It works once, for seven days. Whoever has it can take the account.</p>
        </Once>
      )}
    </form>
  );
}
