'use client';

import { useActionState } from 'react';
import { Confirm } from '#components/forms/confirm.tsx';
import { Field } from '#components/forms/field.tsx';
import { Submit } from '#components/forms/submit.tsx';
import { submitting } from '#components/forms/submitting.ts';
import { addWebhook, checkNow, removeWebhook, tryWebhook } from './actions.ts';

export function CheckNow({ datasetId }: { datasetId: string }) {
  const [problem, send] = useActionState(checkNow, undefined);
  return (
    <form action={send} className="flex flex-wrap items-center gap-3">
      <p role="alert" className="text-sm text-bad empty:hidden">
        {problem}
      </p>
      <input type="hidden" name="datasetId" value={datasetId} />
      <Submit busy="Looking…" quiet>
        Check now
      </Submit>
    </form>
  );
}

export function TryWebhook({ name }: { name: string }) {
  const [{ arrived, problem }, send] = useActionState(tryWebhook, {});
  return (
    <form action={send} className="flex flex-wrap items-center justify-end gap-3">
      <p role="status" className="text-sm text-good empty:hidden">
        {arrived && 'It took it.'}
      </p>
      <p role="alert" className="text-sm [overflow-wrap:anywhere] text-bad empty:hidden">
        {problem}
      </p>
      <input type="hidden" name="name" value={name} />
      <Submit busy="Trying…" quiet>
        Try <span className="sr-only">{name}</span>
      </Submit>
    </form>
  );
}

export const RemoveWebhook = ({ name }: { name: string }) => (
  <Confirm
    label="Remove"
    about={name}
    busy="Removing…"
    title={`Send no more alerts to ${name}?`}
    action={removeWebhook}
    fields={{ name }}
    quiet
  >
    <p>Its secret is gone with it; adding it again makes a new one.</p>
  </Confirm>
);

/** @param kinds kind of alert → what it says */
export function WebhookForm({ datasetId, kinds }: { datasetId: string; kinds: Record<string, string> }) {
  const [{ secret, problem }, send, pending] = useActionState(addWebhook, {});
  return (
    <form onSubmit={submitting(send)} className="space-y-4 border-t border-line px-5 py-4">
      <input type="hidden" name="datasetId" value={datasetId} />
      <div className="grid gap-5 sm:grid-cols-2">
        <Field id="name" label="Name" hint="Such as the chat’s channel.">
          <input id="name" name="name" required maxLength={100} className="input" aria-describedby="name-hint" />
        </Field>
        <Field id="url" label="Webhook" hint="It takes a POST of JSON; incoming webhooks of Slack do.">
          <input id="url" name="url" type="url" required className="input" aria-describedby="url-hint" />
        </Field>
      </div>
      <details>
        <summary className="text-sm text-muted">Only some alerts; none ticked is all of them</summary>
        <div className="mt-2 grid gap-x-6 gap-y-1.5 sm:grid-cols-2">
          {Object.entries(kinds).map(([kind, meaning]) => (
            <label key={kind} className="flex items-baseline gap-2 text-sm">
              <input type="checkbox" name="kinds" value={kind} /> {meaning}
            </label>
          ))}
        </div>
      </details>
      <p role="alert" className="text-sm text-bad empty:hidden">
        {problem}
      </p>
      <button type="submit" disabled={pending} className="button button-quiet">
        {pending ? 'Adding…' : 'Add'}
      </button>
      {secret && (
        <p role="status" className="rounded-lg border border-line bg-raised p-4 text-sm">
          Each message is signed with this secret. Keep it now, it cannot be shown again:{' '}
          <code className="font-mono [overflow-wrap:anywhere]">{secret}</code>
        </p>
      )}
    </form>
  );
}
