'use client';

import { useActionState } from 'react';
import { Field } from '#components/forms/field.tsx';
import { Submit } from '#components/forms/submit.tsx';
import { useControls } from '#components/forms/use-controls.ts';
import { NewPassword } from '#components/people/new-password.tsx';
import { rename, setPassword } from './actions.ts';

export function NameForm({ name, email }: { name: string; email: string }) {
  const [answer, send] = useActionState(rename, undefined);
  const { control } = useControls({ name, email });
  return (
    <form action={send} className="space-y-4">
      <Field id="name" label="Name">
        <input required maxLength={100} autoComplete="name" {...control('name')} />
      </Field>
      <Field id="email" label="E-mail" hint="You log in with it, and your changes are written down under it.">
        <input required maxLength={254} autoComplete="email" {...control('email')} />
      </Field>
      <p role="status" className={`text-sm empty:hidden ${answer === 'Saved.' ? 'text-muted' : 'text-bad'}`}>
        {answer}
      </p>
      <Submit busy="Saving…" quiet>
        Save
      </Submit>
    </form>
  );
}

/** `rule`: what a password must be. */
export function PasswordForm({ rule, hasOne }: { rule: string; hasOne: boolean }) {
  const [{ done, problem }, send] = useActionState(setPassword, {});
  return (
    <form action={send} className="space-y-4">
      {hasOne && (
        <Field id="before" label="Password of now">
          <input
            id="before"
            name="before"
            type="password"
            required
            autoComplete="current-password"
            className="input"
            aria-describedby="before-hint"
          />
        </Field>
      )}
      <NewPassword rule={rule} />
      <p role="status" className={`text-sm empty:hidden ${problem ? 'text-bad' : 'text-muted'}`}>
        {problem ?? (done ? 'Changed. Everywhere else you are logged out.' : '')}
      </p>
      <Submit busy="Changing…" quiet>
        {hasOne ? 'Change password' : 'Set password'}
      </Submit>
    </form>
  );
}
