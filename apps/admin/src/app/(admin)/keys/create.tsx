'use client';

import { useActionState, useState } from 'react';
import { Field } from '#components/forms/field.tsx';
import { Once } from '#components/forms/once.tsx';
import { submitting } from '#components/forms/submitting.ts';
import { create } from './actions.ts';

const kinds = [
  { value: 'secret', label: 'A server', meaning: 'which tells it nobody' },
  { value: 'publishable', label: 'A shop’s pages', meaning: 'where everybody reads it: for the visitor alone' },
] as const;

interface Props {
  rateLimit: number;
  rateBurst: number;
  datasets: { id: string; name: string }[];
  /** Scope → its meaning. */
  scopes: Record<string, string>;
  /** Scopes that a publishable key may have. */
  publishable: readonly string[];
}

type Kind = (typeof kinds)[number]['value'];

/** Who a key is for, where it is kept, and what it may do. */
export function CreateForm({ rateLimit, rateBurst, datasets, scopes, publishable }: Props) {
  const [{ key, signingSecret, problem }, send, pending] = useActionState(create, {});
  const [kind, setKind] = useState<Kind>('secret');
  return (
    <form onSubmit={submitting(send)} className="space-y-5">
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
        <Rates rateLimit={rateLimit} rateBurst={rateBurst} />
      </div>
      <Keeper kind={kind} onChange={setKind} />
      <div className="grid gap-5 sm:grid-cols-2">
        <Field id="datasetId" label="Dataset" hint="Whose data it reads and writes: no other’s.">
          <select id="datasetId" name="datasetId" className="input" aria-describedby="datasetId-hint">
            {datasets.map(({ id, name }) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
          </select>
        </Field>
        {kind === 'publishable' && (
          <Field id="origins" label="Origins" hint="Of the pages that may use it, separated by spaces.">
            <input
              id="origins"
              name="origins"
              required
              placeholder="https://shop.example"
              className="input"
              aria-describedby="origins-hint"
            />
          </Field>
        )}
      </div>
      <Scopes scopes={kind === 'secret' ? Object.keys(scopes) : publishable} meanings={scopes} checked={publishable} />
      <p role="alert" className="text-bad empty:hidden">
        {problem}
      </p>
      <button type="submit" disabled={pending} className="button">
        {pending ? 'Making…' : 'Make a key'}
      </button>
      {key && <Made key={key} secret={key} signingSecret={signingSecret} />}
    </form>
  );
}

/** How often it may be used; empty is as often as the service lets any. */
const Rates = ({ rateLimit, rateBurst }: Pick<Props, 'rateLimit' | 'rateBurst'>) => (
  <>
    <Rate
      id="rateLimit"
      label="Requests a second"
      hint="On average; empty for the service’s own limit."
      of={rateLimit}
    />
    <Rate id="rateBurst" label="At once" hint="How far a burst may go above it." of={rateBurst} />
  </>
);

/** @param of the service's own, which is kept where nothing is said */
const Rate = ({ id, of, ...field }: { id: string; label: string; hint: string; of: number }) => (
  <Field id={id} {...field}>
    <input
      {...{ id, name: id }}
      type="number"
      min={1}
      step={1}
      placeholder={String(of)}
      className="input"
      aria-describedby={`${id}-hint`}
    />
  </Field>
);

const Keeper = ({ kind, onChange }: { kind: Kind; onChange: (kind: Kind) => void }) => (
  <fieldset>
    <legend className="mb-1 text-sm font-medium">Who keeps it</legend>
    <div className="grid gap-x-6 gap-y-1.5 sm:grid-cols-2">
      {kinds.map(({ value, label, meaning }) => (
        <label key={value} className="flex items-baseline gap-2">
          <input type="radio" name="kind" value={value} checked={kind === value} onChange={() => onChange(value)} />
          <span>
            {label} <span className="text-sm text-muted">{meaning}</span>
          </span>
        </label>
      ))}
    </div>
  </fieldset>
);

interface ScopesProps {
  scopes: readonly string[];
  meanings: Record<string, string>;
  /** Those that are ticked at first. */
  checked: readonly string[];
}

const Scopes = ({ scopes, meanings, checked }: ScopesProps) => (
  <fieldset>
    <legend className="mb-1 text-sm font-medium">Scopes</legend>
    <div className="grid gap-x-6 gap-y-1.5 sm:grid-cols-2">
      {scopes.map((scope) => (
        <label key={scope} className="flex items-baseline gap-2">
          <input type="checkbox" name="scopes" value={scope} defaultChecked={checked.includes(scope)} />
          <span>
            {scope} <span className="text-sm text-muted">{meanings[scope]}</span>
          </span>
        </label>
      ))}
    </div>
  </fieldset>
);

/** A new key, which is shown this once. */
const Made = ({ secret, signingSecret }: { secret: string; signingSecret: string | undefined }) => (
  <Once title="Keep it now: it cannot be shown again." secret={secret}>
    {signingSecret && (
      <p className="mt-3 text-sm">
        The shop’s server signs its visitors’ ids with{' '}
        <code className="font-mono [overflow-wrap:anywhere]">{signingSecret}</code>, which belongs into no page.
      </p>
    )}
  </Once>
);
