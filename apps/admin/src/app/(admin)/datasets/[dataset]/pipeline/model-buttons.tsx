'use client';

import { useActionState, useId } from 'react';
import { Confirm } from '#components/forms/confirm.tsx';
import { Field } from '#components/forms/field.tsx';
import { Submit } from '#components/forms/submit.tsx';
import { goBack, makeChampion, runNow, unregister } from './actions.ts';

function Reason() {
  // A page has several of these dialogs.
  const id = useId();
  return (
    <Field id={id} label="Why" hint="For whoever reads the log; may be empty.">
      <input
        id={id}
        name="reason"
        maxLength={500}
        className="input"
        aria-describedby={`${id}-hint`}
        autoComplete="off"
      />
    </Field>
  );
}

interface PromoteProps {
  modelId: string;
  name: string;
  version: number;
  /** The champion now. */
  champion: number | undefined;
  /** What its gate said against it. */
  held: string[];
}

/** Makes a version the champion. */
export const Promote = ({ modelId, name, version, champion, held }: PromoteProps) => (
  <Confirm
    label={`Promote version ${version}`}
    busy="Promoting…"
    title={`Make version ${version} of ${name} the champion?`}
    action={makeChampion}
    fields={{ id: modelId, version: String(version) }}
    quiet
  >
    <p>
      Wherever {name} is deployed, and in every arm that follows it, shoppers get version {version} within seconds
      {champion === undefined ? '' : ` instead of version ${champion}, which is kept to go back to`}.
    </p>
    {held.length > 0 && (
      <div className="rounded-lg border border-bad px-4 py-3 text-sm">
        <p className="font-medium text-bad">Its gate held it back:</p>
        {held.map((sentence) => (
          <p key={sentence}>{sentence}</p>
        ))}
      </div>
    )}
    <Reason />
  </Confirm>
);

interface GoBackProps {
  modelId: string;
  name: string;
  champion: number | undefined;
  earlier: number;
}

/** Makes the champion before the one of now the champion again. */
export const GoBack = ({ modelId, name, champion, earlier }: GoBackProps) => (
  <Confirm
    label={`Go back to version ${earlier}`}
    busy="Going back…"
    title={`Go back to version ${earlier} of ${name}?`}
    action={goBack}
    fields={{ id: modelId }}
    quiet
  >
    <p>
      Shoppers get version {earlier} again within seconds. Version {champion} is kept, and can be promoted again.
    </p>
    <Reason />
  </Confirm>
);

/** Deletes a registered model. */
export const Unregister = ({ modelId, name, datasetId }: { modelId: string; name: string; datasetId: string }) => (
  <Confirm
    label="Delete"
    about={name}
    busy="Deleting…"
    title={`Delete the registered model ${name}?`}
    action={unregister}
    fields={{ id: modelId, datasetId }}
    quiet
  >
    <p>
      Its schedule, its runs and the list of its champions go. What it trained stays among the models. One that is
      deployed, or that an experiment’s arm follows, cannot go.
    </p>
  </Confirm>
);

/** Has the worker make a new version. */
export function RunNow({ modelId, isUnderWay }: { modelId: string; isUnderWay: boolean }) {
  const [problem, send] = useActionState(runNow, undefined);
  return (
    <form action={send} className="flex flex-wrap items-center gap-2">
      <p role="alert" className="text-sm text-bad empty:hidden">
        {problem}
      </p>
      <input type="hidden" name="id" value={modelId} />
      {isUnderWay ? (
        <button type="button" className="button" disabled>
          Running…
        </button>
      ) : (
        <Submit busy="Queueing…">Run now</Submit>
      )}
    </form>
  );
}
