'use client';

import { useActionState } from 'react';
import { Submit } from '#components/forms/submit.tsx';
import { setOverride } from '../../actions.ts';

/** Who sees which arm whatever they hash to. */
export function Overrides({ id, overrides, arms }: { id: string; overrides: Record<string, string>; arms: string[] }) {
  const [problem, send] = useActionState(setOverride, undefined);
  return (
    <div className="space-y-3">
      <ul className="space-y-1">
        {Object.entries(overrides).map(([userId, arm]) => (
          <li key={userId} className="flex items-center justify-between gap-3">
            <span className="min-w-0 [overflow-wrap:anywhere]">
              <span className="font-mono text-sm">{userId}</span> sees {arm}
            </span>
            <form action={send}>
              <input type="hidden" name="id" value={id} />
              <input type="hidden" name="userId" value={userId} />
              <input type="hidden" name="arm" value="" />
              <button
                type="submit"
                className="text-sm text-muted hover:text-ink"
                aria-label={`Remove the override of ${userId}`}
              >
                Remove
              </button>
            </form>
          </li>
        ))}
      </ul>
      <form action={send} className="flex flex-wrap items-center gap-2">
        <input type="hidden" name="id" value={id} />
        <input
          name="userId"
          className="input min-w-24 flex-1"
          aria-label="Shopper"
          placeholder="Shopper"
          required
          maxLength={200}
        />
        <select name="arm" className="input w-32" aria-label="Arm">
          {arms.map((arm) => (
            <option key={arm}>{arm}</option>
          ))}
        </select>
        <Submit busy="Adding…" quiet>
          Add
        </Submit>
      </form>
      <p role="alert" className="text-sm text-bad empty:hidden">
        {problem}
      </p>
    </div>
  );
}
