'use client';

import { useActionState } from 'react';
import { Submit } from '#components/forms/submit.tsx';
import { deployModel } from './actions.ts';

/** Lets a registered model answer everywhere or at one placement. */
export function DeployForm({ models }: { models: { id: string; name: string }[] }) {
  const [problem, send] = useActionState(deployModel, undefined);
  return (
    <form action={send} className="flex flex-wrap items-end gap-3">
      <div className="w-52">
        <label htmlFor="deployed" className="mb-1 block text-sm font-medium">
          Deploy
        </label>
        <select id="deployed" name="id" className="input">
          {models.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </select>
      </div>
      <div className="w-64">
        <label htmlFor="placement" className="mb-1 block text-sm font-medium">
          At the placement
        </label>
        <input id="placement" name="placement" maxLength={100} placeholder="everywhere" className="input" />
      </div>
      <Submit busy="Deploying…" quiet>
        Deploy
      </Submit>
      <p role="alert" className="basis-full text-sm text-bad empty:hidden">
        {problem}
      </p>
    </form>
  );
}
