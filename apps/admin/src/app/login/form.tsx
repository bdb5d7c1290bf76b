'use client';

import { useActionState } from 'react';
import { Submit } from '#components/forms/submit.tsx';
import { logIn } from './actions.ts';

export function LoginForm({ next }: { next: string }) {
  const [problem, action] = useActionState(logIn, undefined);
  return (
    <form action={action} className="space-y-4">
      <input type="hidden" name="next" value={next} />
      <div>
        <label htmlFor="password" className="mb-1 block text-sm font-medium">
          Password
        </label>
        <input
          id="password"
          name="password"
          type="password"
          autoComplete="current-password"
          required
          // biome-ignore lint/a11y/noAutofocus: the page's one needed field, and what everybody comes here to fill in
          autoFocus
          aria-invalid={problem !== undefined}
          aria-describedby="password-problem"
          className="input"
        />
      </div>
      <div>
        <label htmlFor="name" className="mb-1 block text-sm font-medium">
          Your name <span className="font-normal text-muted">(optional)</span>
        </label>
        <input
          id="name"
          name="name"
          maxLength={100}
          autoComplete="name"
          aria-describedby="name-hint"
          className="input"
        />
        <p id="name-hint" className="mt-1 text-xs text-muted">
          What you change is written down under it.
        </p>
      </div>
      <p id="password-problem" role="alert" className="text-sm text-bad empty:hidden">
        {problem}
      </p>
      <Submit busy="Logging in…">Log in</Submit>
    </form>
  );
}
