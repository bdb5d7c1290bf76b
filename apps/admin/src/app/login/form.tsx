'use client';

import { useActionState, useState } from 'react';
import { Submit } from '#components/forms/submit.tsx';
import { logIn } from './actions.ts';

interface LoginFormProps {
  next: string;
  /** What the e-mail field begins with. */
  email: string;
}

/** E-mail and password; then, of an account with a second factor, its code. */
export function LoginForm({ next, email }: LoginFormProps) {
  const [{ problem, ticket, email: typed }, action] = useActionState(logIn, {});
  return (
    <form action={action} className="space-y-4">
      <input type="hidden" name="next" value={next} />
      {ticket === undefined ? (
        <Credentials email={typed ?? email} isWrong={problem !== undefined} />
      ) : (
        <Code ticket={ticket} isWrong={problem !== undefined} />
      )}
      <p id="log-in-problem" role="alert" className="text-sm text-bad empty:hidden">
        {problem}
      </p>
      <Submit busy="Logging in…">Log in</Submit>
    </form>
  );
}

const Credentials = ({ email, isWrong }: { email: string; isWrong: boolean }) => (
  <>
    <div>
      <label htmlFor="email" className="mb-1 block text-sm font-medium">
        E-mail
      </label>
      <input
        id="email"
        name="email"
        type="text"
        inputMode="email"
        autoComplete="username"
        autoCapitalize="none"
        spellCheck={false}
        required
        defaultValue={email}
        // biome-ignore lint/a11y/noAutofocus: what everybody comes here to fill in
        autoFocus={email === ''}
        className="input"
      />
    </div>
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
        // biome-ignore lint/a11y/noAutofocus: the first field that is empty
        autoFocus={email !== ''}
        aria-invalid={isWrong}
        aria-describedby="log-in-problem"
        className="input"
      />
    </div>
  </>
);

/** Six digits of an authenticator, or a recovery code where that is lost. */
function Code({ ticket, isWrong }: { ticket: string; isWrong: boolean }) {
  const [isRecovery, setRecovery] = useState(false);
  return (
    <div>
      <input type="hidden" name="ticket" value={ticket} />
      <label htmlFor="code" className="mb-1 block text-sm font-medium">
        {isRecovery ? 'Recovery code' : 'Code of your authenticator'}
      </label>
      <input
        key={String(isRecovery)}
        id="code"
        name="code"
        inputMode={isRecovery ? 'text' : 'numeric'}
        autoComplete="one-time-code"
        required
        placeholder={isRecovery ? 'xxxx-xxxx-xxxx-xxxx' : '123456'}
        // biome-ignore lint/a11y/noAutofocus: the step's one field
        autoFocus
        aria-invalid={isWrong}
        aria-describedby="log-in-problem"
        className="input font-mono"
      />
      <button
        type="button"
        className="mt-2 text-sm text-muted underline hover:text-ink"
        onClick={() => setRecovery(!isRecovery)}
      >
        {isRecovery ? 'Take the authenticator' : 'Take a recovery code instead'}
      </button>
    </div>
  );
}
