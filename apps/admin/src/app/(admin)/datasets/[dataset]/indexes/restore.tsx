import { Confirm } from '#components/forms/confirm.tsx';
import { restore } from './actions.ts';

/** Serves an earlier version again. */
export function RestoreForm({ indexId, version }: { indexId: string; version: number }) {
  return (
    <Confirm
      label="Serve"
      about={`version ${version}`}
      busy="Checking…"
      title={`Serve version ${version} again?`}
      action={restore}
      fields={{ indexId }}
      quiet
    >
      <p>Shoppers get it within seconds. The version that serves now is kept, and can be served again.</p>
    </Confirm>
  );
}
