'use client';

import { type FormEvent, startTransition, useActionState, useState } from 'react';
import { Field } from '#components/field.tsx';
import { create } from './actions.ts';

const scopes = [
  { scope: 'retrieve', meaning: 'recommendations, similar items, the catalogue' },
  { scope: 'events', meaning: 'logging impressions, clicks and orders' },
  { scope: 'metrics', meaning: 'the service’s metrics, for Prometheus' },
  { scope: 'admin', meaning: 'all of these, and any model by name' },
  { scope: 'simulate', meaning: 'a simulator, whose events count in simulated experiments alone' },
];

export function CreateForm({ rateLimit, rateBurst }: { rateLimit: number; rateBurst: number }) {
  const [{ key, problem }, send, pending] = useActionState(create, {});
  const [copied, setCopied] = useState(false);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    setCopied(false);
    const data = new FormData(event.currentTarget);
    startTransition(() => send(data));
  };
  return (
    <form onSubmit={submit} className="space-y-5">
      <div className="grid gap-5 sm:grid-cols-3">
        <Field id="name" label="Name" hint="Whose it is: a shop, a service.">
          <input
            id="name"
            name="name"
            required
            maxLength={100}
            className="input"
            aria-describedby="name-hint"
            autoComplete="off"
          />
        </Field>
        <Field id="rateLimit" label="Requests a second" hint="On average; empty for the service’s own limit.">
          <input
            id="rateLimit"
            name="rateLimit"
            type="number"
            min={1}
            step={1}
            placeholder={String(rateLimit)}
            className="input"
            aria-describedby="rateLimit-hint"
          />
        </Field>
        <Field id="rateBurst" label="At once" hint="How far a burst may go above it.">
          <input
            id="rateBurst"
            name="rateBurst"
            type="number"
            min={1}
            step={1}
            placeholder={String(rateBurst)}
            className="input"
            aria-describedby="rateBurst-hint"
          />
        </Field>
      </div>
      <fieldset>
        <legend className="mb-1 text-sm font-medium">Scopes</legend>
        <div className="grid gap-x-6 gap-y-1.5 sm:grid-cols-2">
          {scopes.map(({ scope, meaning }) => (
            <label key={scope} className="flex items-baseline gap-2">
              <input
                type="checkbox"
                name="scopes"
                value={scope}
                defaultChecked={scope === 'retrieve' || scope === 'events'}
              />
              <span>
                {scope} <span className="text-sm text-muted">{meaning}</span>
              </span>
            </label>
          ))}
        </div>
      </fieldset>
      <p role="alert" className="text-bad empty:hidden">
        {problem}
      </p>
      <button type="submit" disabled={pending} className="button">
        {pending ? 'Making…' : 'Make a key'}
      </button>
      {key && (
        <div role="status" className="rounded-lg border border-line bg-raised p-4">
          <p className="font-medium">Keep it now: it cannot be shown again.</p>
          <div className="mt-2 flex flex-wrap items-center gap-3">
            <code className="rounded-md border border-line bg-surface px-3 py-1.5 font-mono text-sm [overflow-wrap:anywhere]">
              {key}
            </code>
            <button
              type="button"
              className="button button-quiet"
              onClick={() => void navigator.clipboard.writeText(key).then(() => setCopied(true))}
            >
              {copied ? 'Copied' : 'Copy'}
            </button>
          </div>
        </div>
      )}
    </form>
  );
}
