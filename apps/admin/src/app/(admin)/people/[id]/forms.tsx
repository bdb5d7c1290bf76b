'use client';

import type { ListedAccount } from '@duet/db/people';
import { useActionState } from 'react';
import { Confirm } from '#components/forms/confirm.tsx';
import { Field } from '#components/forms/field.tsx';
import { Once } from '#components/forms/once.tsx';
import { Submit } from '#components/forms/submit.tsx';
import { endFactor, makeLink, remove, setDisabled, setRole } from '../actions.ts';

interface RoleFormProps {
  account: Pick<ListedAccount, 'id' | 'role'>;
  roles: string[];
}

export function RoleForm({ account: { id, role }, roles }: RoleFormProps) {
  const [problem, send] = useActionState(setRole, undefined);
  return (
    <form action={send} className="flex flex-wrap items-start gap-3">
      <input type="hidden" name="id" value={id} />
      <div className="w-60">
        <Field id="role" label="Role" hint="They have to log in again." error={problem || undefined}>
          <select id="role" name="role" defaultValue={role} key={role} className="input" aria-describedby="role-hint">
            {roles.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </Field>
      </div>
      <div className="pt-6">
        <Submit busy="Changing…" quiet>
          Change role
        </Submit>
      </div>
    </form>
  );
}

export function LinkForm({ id, isInvited }: { id: string; isInvited: boolean }) {
  const [{ link, problem }, send] = useActionState(makeLink, {});
  return (
    <form action={send} className="space-y-3">
      <input type="hidden" name="id" value={id} />
      <p className="text-sm text-muted">
        {isInvited
          ? 'The link of before works no longer once there is another one.'
          : 'A link by which they choose a new password. The one of now works until then.'}
      </p>
      <Submit busy="Making…" quiet>
        {isInvited ? 'Make another invitation link' : 'Make a reset link'}
      </Submit>
      <p role="alert" className="text-sm text-bad empty:hidden">
        {problem}
      </p>
      {link && <Once key={link} title="Give them this link now: it cannot be shown again." secret={link} />}
    </form>
  );
}

/** What ends somebody's access, or a part of it. */
export const EndButtons = ({ account }: { account: ListedAccount }) => {
  const { id, name, state, secondFactor, keys } = account;
  const disabled = state === 'disabled';
  return (
    <div className="flex flex-wrap gap-2">
      {secondFactor && (
        <Confirm
          label="End second factor"
          busy="Ending…"
          title={`End the second factor of ${name}?`}
          action={endFactor}
          fields={{ id }}
          quiet
        >
          <p>Their password alone lets them in then. Do it where they have lost phone and recovery codes.</p>
        </Confirm>
      )}
      <Confirm
        label={disabled ? 'Enable' : 'Disable'}
        busy="Changing…"
        title={`${disabled ? 'Enable' : 'Disable'} ${name}?`}
        action={setDisabled}
        fields={{ id, disabled: disabled ? 'no' : 'yes' }}
        quiet
      >
        <p>{disabled ? 'They may log in again, as before.' : 'They are logged out at once and cannot log in.'}</p>
      </Confirm>
      <Confirm label="Remove" busy="Removing…" title={`Remove ${name}?`} action={remove} fields={{ id }} quiet>
        <p>Their account is gone for good. What they changed stays in the log of changes.</p>
        {keys > 0 && (
          <label className="flex items-baseline gap-2">
            <input type="checkbox" name="revokeKeys" />
            <span>
              Revoke the {keys} API {keys === 1 ? 'key' : 'keys'} that they made. Otherwise{' '}
              {keys === 1 ? 'it goes' : 'they go'} on: whatever uses {keys === 1 ? 'it' : 'them'} does not notice.
            </span>
          </label>
        )}
      </Confirm>
    </div>
  );
};
