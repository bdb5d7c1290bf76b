import { Confirm } from '#components/forms/confirm.tsx';
import { revoke } from './actions.ts';

/** A revoked key is gone for good, and whatever uses it stops. */
export function RevokeForm({ id, name }: { id: string; name: string }) {
  return (
    <Confirm
      label="Revoke"
      about={name}
      busy="Revoking…"
      title={`Revoke ${name}?`}
      action={revoke}
      fields={{ id }}
      quiet
    >
      <p>It is gone for good: whatever calls with it is refused from now on.</p>
    </Confirm>
  );
}
