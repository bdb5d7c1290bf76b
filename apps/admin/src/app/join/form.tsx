'use client';

import { useActionState } from 'react';
import { Field } from '#components/forms/field.tsx';
import { Submit } from '#components/forms/submit.tsx';
import { NewPassword } from '#components/people/new-password.tsx';
import { follow } from './actions.ts';

interface JoinFormProps {
  kind: 'invitation' | 'reset';
  token: string;
  email: string;
  /** As they were invited; they may change it. */
  name: string;
  /** What a password must be. */
  rule: string;
}

export function JoinForm({ kind, token, email, name, rule }: JoinFormProps) {
  const [problem, send] = useActionState(follow, undefined);
  return (
    <form action={send} className="space-y-4">
      <input type="hidden" name="kind" value={kind} />
      <input type="hidden" name="token" value={token} />
      <Field id="email" label="E-mail" hint="You log in with it.">
        <input
          id="email"
          type="text"
          value={email}
          readOnly
          autoComplete="username"
          className="input text-muted"
          aria-describedby="email-hint"
        />
      </Field>
      {kind === 'invitation' && (
        <Field id="name" label="Your name">
          <input
            id="name"
            name="name"
            defaultValue={name}
            required
            maxLength={100}
            autoComplete="name"
            className="input"
            aria-describedby="name-hint"
          />
        </Field>
      )}
      <NewPassword rule={rule} isWrong={Boolean(problem)} />
      <p role="alert" className="text-sm text-bad empty:hidden">
        {problem}
      </p>
      <Submit busy="Setting…">{kind === 'invitation' ? 'Join' : 'Set password'}</Submit>
    </form>
  );
}
